"use strict";
// A worker: reads QR symbols in pictures, beside the page, which stays quick.
importScripts("/assets/vendor/jsQR.js");

self.onmessage = ({data: {pixels, width, height}}) => {
  const found = self.jsQR(new Uint8ClampedArray(pixels), width, height, {inversionAttempts: "attemptBoth"});
  self.postMessage(found?.data || null);
};
