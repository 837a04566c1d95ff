// Buy two tickets and give them back, over REST by fetch: in a page, or in Node (`node examples/buy.mjs`).
//
// In a page of the gateway's own origin, or of one that it lets in:
//   <script type="module">
//     import { buy } from "./buy.mjs";
//     await buy("http://127.0.0.1:8001", console.log);
//   </script>
//
// Where calls take a token, it is given after that, or in BOXOFFICE_TOKEN: the tickets are its user's.

/** What Boxoffice refused. Programs match on `reason`; `message` is for people. */
export class Refused extends Error {
  constructor({ code, message, details = [] }) {
    super(message);
    const info = details.find((detail) => detail.reason) ?? {};
    Object.assign(this, { name: "Refused", code, reason: info.reason, metadata: info.metadata ?? {} });
  }
}

/** Write an amount of minor units: how many digits these are, ISO 4217 says and browsers know. */
const money = (amount, currency) => {
  const format = new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "code" });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
};

/** Return the id of the user whose access token this is. */
const userOf = (token) => {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    throw new Error("this is not an access token");
  }
};

/**
 * Play the story against the gateway at `url`; `say` gets a line for each step. Returns the refunded booking.
 * `token` is an access token, where calls take one.
 */
export async function buy(url, say, token = "") {
  const ask = async (path, body, seconds = 10) => {
    const answer = await fetch(`${url}/api/v1/${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        ...(body && { "content-type": "application/json", "idempotency-key": crypto.randomUUID() }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(seconds * 1000),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Refused(told);
    return told;
  };
  // The answer comes as soon as the booking has another status than the present one.
  const waitFor = async (id, status, present) => {
    const booking = await ask(`bookings/${id}?waitSeconds=20&whileStatus=${present}`, undefined, 30);
    if (booking.status !== status) throw new Error(`the booking is ${booking.status}`);
    return booking;
  };
  const userId = token ? userOf(token) : crypto.randomUUID();

  // What is on, late enough for all of the money to come back
  const tomorrow = new Date(Date.now() + 25 * 3600 * 1000).toISOString();
  const { shows } = await ask(`shows?from=${tomorrow}`);
  const show = shows[0];
  if (!show) throw new Error("no show is on sale");
  say(`show       ${show.title}, ${show.venueName}, ${show.startTime}`);
  say(`on sale    until ${show.salesEndAt}`);

  // Two seats, and two others if somebody is faster
  let booking;
  while (!booking) {
    const { seats } = await ask(`seats/shows/${show.id}/available`);
    const wanted = seats.slice(0, 2);
    if (wanted.length < 2) throw new Error("the show is sold out");
    say(`seats      ${wanted.map((seat) => `${seat.section} ${seat.row}${seat.number}`).join(", ")}`);
    try {
      booking = await ask("bookings", { userId, showId: show.id, showSeatIds: wanted.map((seat) => seat.id) });
    } catch (error) {
      if (error.reason !== "SEATS_UNAVAILABLE") throw error;
      say(`taken      ${error.metadata.seat_ids}, looking again`);
    }
  }
  say(`booked     ${money(booking.finalAmount, booking.currency)}`);

  // Pay. People would open checkout.paymentUrl
  const checkout = await ask("payments/initiate", { bookingId: booking.id, userId });
  await ask(`payments/simulate/${checkout.sessionId}`, { paymentMethod: "pm_succeed" });
  say((await waitFor(booking.id, "CONFIRMED", "PENDING")).status);

  // Give them back
  const refund = await ask(`payments/refund/${booking.id}`, { userId });
  say(`refund     ${money(refund.refundAmount, refund.currency)}, ${refund.refundPercentage} %`);
  const refunded = await waitFor(booking.id, "REFUNDED", "CONFIRMED");
  say(refunded.status);
  return refunded;
}

const node = globalThis.process;
if (node?.versions?.node) {
  try {
    await buy(node.env.BOXOFFICE_URL ?? "http://127.0.0.1:8001", console.log, node.env.BOXOFFICE_TOKEN);
  } catch (error) {
    const hint = error.code === 16 ? "BOXOFFICE_TOKEN is where this looks for one." : (error.cause?.message ?? "");
    console.error(`${error.message} ${hint}`.trim());
    node.exitCode = 1;
  }
}
