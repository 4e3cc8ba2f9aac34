// A node that does not exist, for the dashboard to show: its state after so many seconds.

const hex = (seed, digits) => {
  let text = "";
  for (let state = (seed + 1) * 2654435761; text.length < digits; ) {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    text += state.toString(16).padStart(8, "0");
  }
  return text.slice(0, digits);
};

export const nodeId = (number) => hex(number, 64);
const prefixOf = (number) =>
  number % 7 === 3
    ? `${["2001", "2a01", "2604"][number % 3]}:${hex(number + 500, 4).replace(/^0+(?=.)/, "")}::/32`
    : `${16 + ((number * 37) % 200)}.${parseInt(hex(number + 900, 2), 16)}.0.0/16`;

/** `relays` are known, `linked` of them (and two clients) have a link. */
export function makeStatus({ seconds, relays = 60, linked = 12, changes = {} }) {
  const busy = [40, 900, 3, 0, 12, 150, 2, 2, 2, 30, 2, 5];
  const links = Array.from({ length: linked }, (_, at) => ({
    link: 100 + at,
    peer: nodeId(at),
    prefix: prefixOf(at),
    carrier: at % 5 === 4 ? "relayed" : "webrtc",
    up: true,
    initiator: at % 3 !== 0,
    neighbour: at < 10,
    guard: at === 1 || at === 5,
    stalled: false,
    rtt_us: 4000 + ((at * 17) % 60) * 1500,
    age_s: seconds + 60 + at * 1217,
    frames_in: Math.round(seconds * busy[at % 12] * 0.6),
    frames_out: Math.round(seconds * busy[at % 12] * 0.4),
    padding_out: seconds,
    circuits: at % 4,
    queued: 0,
    shaper_rate: 8,
  }));
  for (const at of [0, 1]) {
    links.push({ ...links[0], link: 300 + at, peer: "0".repeat(64), prefix: prefixOf(70 + at), neighbour: false, initiator: false, age_s: seconds + at });
  }
  const circuit = (number, hops, fields) => ({
    circuit: number,
    state: "ready",
    ahead: true,
    hops: hops.map((hop) => ({ node: nodeId(hop) })),
    age_s: seconds + 20 * number,
    cells_sent: 0,
    cells_received: 0,
    ...fields,
  });
  const base = {
    version: "0.1.0",
    uptime_s: 3600 + seconds,
    resident_bytes: 24e6,
    profile: "test",
    id: hex(4242, 64),
    relay: true,
    shaper: "stepped",
    reachability: { direct: true, why: "2 relays in other networks have dialled this node back", receipts_needed: 2 },
    links,
  };
  const network = {
    published: true,
    joined: true,
    clock_off: false,
    clock_error_ms: 12,
    day: 496000,
    epoch: 11904000,
    receipts: 2,
    links: links.length,
    links_opening: 1,
    neighbours: 10,
    clients: 2,
    relays_known: relays,
    relays_usable: relays - 4,
    relays_here: relays - 6,
    guards: 3,
    guards_reached: 2,
    circuits_own: 1,
    circuits_ready_ahead: 3,
    circuits_relayed: 17,
    cells_waiting: 0,
    circuits_built: 40 + seconds,
    circuits_failed: 1,
    circuits_salvaged: 2,
    build_time_ns: 11400000,
    cells_relayed: 123456 + 900 * seconds,
    packets_accepted: 900,
    packets_dropped: 3,
    bytes_in: Math.round(5e7 + 9e5 * seconds + 4e5 * Math.sin(seconds / 5)),
    bytes_out: Math.round(4e7 + 6e5 * seconds + 5e5 * Math.cos(seconds / 7)),
    padding_out: 3e6 + 5e4 * seconds,
    misbehaviour: 4,
    refused_budget: 21,
    dials: 30,
    dials_failed: 2,
    handshakes_failed: 1,
  };
  const lists = {
    anonymity: {
      both_ends_ppm_10: 10200,
      both_ends_ppm_20: 41000,
      any_guard_ppm_10: 190000,
      any_guard_ppm_20: 360000,
      relays: relays - 4,
      prefixes: relays - 11,
      effective_relays: Math.round(relays * 0.7),
    },
    circuits: [
      circuit(1, [1, 20, 33], { ahead: false, cells_sent: 40 * seconds, cells_received: 900 * seconds }),
      circuit(2, [5, 41, 8], {}),
      circuit(3, [1, 27, 50], {}),
      circuit(4, [5, 15, 38], { state: "building" }),
    ],
    guards: [1, 5, 14].map((number, at) => ({
      node: nodeId(number),
      prefix: prefixOf(number),
      state: at === 2 ? "untried" : "reached",
      in_use: at < 2,
      confirmed: at < 2,
      listed: true,
    })),
    relays: Array.from({ length: relays }, (_, at) => ({
      key: hex(at + 3000, 64),
      node: nodeId(at),
      prefix: prefixOf(at),
      capacity: at % 4,
      introduced: at % 9 === 4,
      guard: at % 9 !== 4,
      first_day: 495990 + (at % 9),
      usable: at % 15 !== 14,
      linked: at < linked,
    })),
  };
  return { ...base, ...lists, ...changes, network: { ...network, ...changes.network } };
}
