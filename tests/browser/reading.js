// Has the page's reader read drawn codes; returns those that it does not read to the letter.
// The arguments of the script: pairs of a text and its symbol (rows of 0 and 1), how many pixels a module has, and by how
// many degrees each is turned at most.
const [drawn, scale, degrees] = arguments;
const BORDER = 4;
const reader = new Worker("/check-in/reader.js");
const read = (image) => new Promise((done) => {
  reader.onmessage = ({data}) => done(data);
  reader.postMessage({pixels: image.data.buffer, width: image.width, height: image.height}, [image.data.buffer]);
});
const side = (drawn[0][1].length + 2 * BORDER) * scale;
const [flat, turned] = [new OffscreenCanvas(side, side), new OffscreenCanvas(side, side)].map(
  (canvas) => canvas.getContext("2d", {willReadFrequently: true}));
const missed = [];
for (const [place, [text, rows]] of drawn.entries()) {
  flat.fillStyle = "white";
  flat.fillRect(0, 0, side, side);
  flat.fillStyle = "black";
  rows.forEach((row, y) => [...row].forEach((module, x) => {
    if (module === "1") flat.fillRect((x + BORDER) * scale, (y + BORDER) * scale, scale, scale);
  }));
  const angle = drawn.length > 1 ? (place / (drawn.length - 1) * 2 - 1) * degrees * Math.PI / 180 : 0;
  turned.fillStyle = "white";
  turned.resetTransform();
  turned.fillRect(0, 0, side, side);
  turned.translate(side / 2, side / 2);
  turned.rotate(angle);
  turned.drawImage(flat.canvas, -side / 2, -side / 2);
  if (await read(turned.getImageData(0, 0, side, side)) !== text) missed.push(text);
}
reader.terminate();
return missed;
