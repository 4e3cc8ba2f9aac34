// Asks for the node's state each second and shows it. Text goes into the page as text only.
import { Mesh, draw } from "./mesh.js";

const INTERVAL_MS = 1000;
const SOON_MS = 150; // when the node has no state ready yet
const LIMIT_MS = 4000; // for an answer
const SAMPLES_MAX = 180;
const RELAYS_LISTED_MAX = 300;
const MIN_RECEIPTS = 2;
const CARRIERS = { 0: "none", 1: "WebRTC", 2: "relayed", 5: "simulated" };
const SHAPERS = { 0: "off", 1: "stepped", 2: "poisson", 3: "constant" };
const CIRCUIT_STATES = ["building", "ready", "being mended"];
const GUARD_STATES = ["not tried", "reached", "not reachable"];
const FLAG_INTRODUCED = 2;
const FLAG_GUARD = 4;

const $ = (id) => document.getElementById(id);

// Words and numbers

const isKnown = (id) => typeof id === "string" && /[1-9a-f]/.test(id);
const short = (id) => (isKnown(id) ? id.slice(0, 8) : "not known");
const number = (value) => (Number.isFinite(value) ? value.toLocaleString("en").replaceAll(",", "\u202f") : "\u2013");
const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

function scaled(value, base, units, digits = 1) {
  if (!Number.isFinite(value)) {
    return "\u2013";
  }
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : digits)}\u00a0${units[unit]}`;
}

const bytes = (value) => scaled(value, 1000, ["B", "kB", "MB", "GB", "TB"]);

function rate(value) {
  if (!Number.isFinite(value)) {
    return "\u2013";
  }
  return value >= 100 ? number(Math.round(value)) : value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

function milliseconds(ns) {
  if (!Number.isFinite(ns) || ns <= 0) {
    return "\u2013";
  }
  const ms = ns / 1e6;
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)}\u00a0s` : `${ms.toFixed(ms < 10 ? 1 : 0)}\u00a0ms`;
}

function duration(ns) {
  if (!Number.isFinite(ns)) {
    return "\u2013";
  }
  const seconds = Math.floor(ns / 1e9);
  const pieces = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = pieces.findIndex(([length]) => seconds >= length);
  if (first < 0) {
    return "0\u00a0s";
  }
  const [length, unit] = pieces[first];
  const text = `${Math.floor(seconds / length)}\u00a0${unit}`;
  const next = pieces[first + 1];
  const rest = next ? Math.floor((seconds % length) / next[0]) : 0;
  return first < 2 && rest > 0 ? `${text} ${rest}\u00a0${next[1]}` : text;
}

/** A coarse network prefix: its family and four bytes in hex, or a text that is shown as it is. */
function network(prefix) {
  if (typeof prefix !== "string" || prefix === "") {
    return "\u2013";
  }
  if (!/^[0-9a-f]{10}$/.test(prefix)) {
    return prefix;
  }
  const family = parseInt(prefix.slice(0, 2), 16);
  if (family === 0) {
    return "\u2013";
  }
  const octets = prefix.slice(2).match(/../g);
  if (family === 6) {
    const groups = [0, 2].map((at) => parseInt(octets[at] + octets[at + 1], 16).toString(16));
    return `${groups.join(":")}::/32`;
  }
  return `${parseInt(octets[0], 16)}.${parseInt(octets[1], 16)}.0.0/16`;
}

const percent = (ppm) => {
  const value = ppm / 10000;
  return `${value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toPrecision(2)}\u00a0%`;
};
const oneIn = (ppm) => (ppm > 0 ? `1 in ${number(Math.round(1e6 / ppm))}` : "never");

// The page

function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Brings the rows of a table to what they should be. A cell is a text, or {text, title, kind}. */
function fillTable(table, rows) {
  const names = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  while (body.rows.length > rows.length) {
    body.deleteRow(-1);
  }
  rows.forEach(({ cells, onSelect, key }, at) => {
    const row = body.rows[at] ?? body.insertRow();
    row.dataset.key = key ?? "";
    row.onpointerenter = row.onfocus = onSelect ? () => onSelect(true) : null;
    row.onpointerleave = row.onblur = onSelect ? () => onSelect(false) : null;
    if (onSelect) {
      row.tabIndex = 0;
    }
    cells.forEach((cell, column) => {
      const { text, title = "", kind = "" } = typeof cell === "object" ? cell : { text: cell };
      const element = row.cells[column] ?? row.insertCell();
      const className = [names[column].className, kind].filter(Boolean).join(" ");
      setText(element, text);
      if (element.className !== className) {
        element.className = className;
      }
      if (element.title !== title) {
        element.title = title;
      }
      element.dataset.name = names[column].textContent;
    });
  });
  table.hidden = rows.length === 0;
  const none = $(`${table.id}-none`);
  if (none) {
    none.hidden = rows.length > 0;
  }
}

function fillFacts(facts) {
  const list = $("facts");
  facts.forEach(([name, value, note], at) => {
    let group = list.children[at];
    if (!group) {
      group = document.createElement("div");
      const parts = ["dt", "dd", "dd"].map((tag) => document.createElement(tag));
      parts[1].className = "value";
      parts[2].className = "note";
      group.append(...parts);
      list.append(group);
    }
    [name, value, note].forEach((text, part) => setText(group.children[part], text));
  });
}

function fillWarnings(warnings) {
  const list = $("warnings");
  while (list.children.length > warnings.length) {
    list.lastChild.remove();
  }
  warnings.forEach(([title, text], at) => {
    let item = list.children[at];
    if (!item) {
      item = document.createElement("li");
      item.append(document.createElement("strong"), " ", document.createElement("span"));
      list.append(item);
    }
    setText(item.firstChild, title);
    setText(item.lastChild, text);
  });
}

/** What the owner of the node should know of. */
function warningsOf(status) {
  const warnings = [];
  if (status.is_clock_off) {
    const off = milliseconds(Math.abs(status.clock_error_ms) * 1e6);
    const side = status.clock_error_ms > 0 ? "ahead of" : "behind";
    warnings.push([
      "The clock is wrong.",
      `It is ${off} ${side} the clocks of the neighbours. Until it is set right, nothing about this node is published.`,
    ]);
  }
  if (status.is_joined === false) {
    warnings.push([
      "Not in the mesh.",
      "This node has no neighbour. An invitation brings it in: cepa join INVITATION. If it was in before, the network of this machine may be down.",
    ]);
  } else if (status.is_relay && status.is_published === false && !status.is_clock_off) {
    const got = status.receipts ?? 0;
    warnings.push(
      got < MIN_RECEIPTS
        ? [
            "Not reachable.",
            `${number(got)} of ${MIN_RECEIPTS} relays in other networks could dial this node back, so nobody is told of it. Most likely a router or a firewall lets no UDP in to its port, or it has just started.`,
          ]
        : ["Not published yet.", "Enough relays have dialled this node back; its record is on its way."],
    );
  }
  if (status.is_joined && status.guards.length > 0 && status.guards_reached === 0) {
    warnings.push(["No guard can be reached.", "Circuits cannot be built until one of them answers."]);
  } else if (status.is_joined && status.circuits_own === 0) {
    warnings.push(["No circuit is ready.", "Nothing can be sent anonymously for now."]);
  }
  const stalled = status.links.filter((link) => link.is_stalled).length;
  if (stalled > 0) {
    warnings.push([
      `${plural(stalled, "link")} ${stalled === 1 ? "does" : "do"} not answer.`,
      "If it is most of them, this machine's own network is the likely cause.",
    ]);
  }
  if (shaperMode(status) === "off") {
    warnings.push(["Shaping is off.", "Who sees this machine's traffic sees when it sends, and how much."]);
  }
  return warnings;
}

function shaperMode(status) {
  const mode = status.shaper?.mode;
  return SHAPERS[mode] ?? mode;
}

// Rates: counters are compared with those of the state before.

class Rates {
  #before = null;
  links = new Map();
  samples = [];

  take(status, at) {
    const before = this.#before;
    const links = new Map(status.links.map((link) => [link.link, link]));
    this.links.clear();
    if (before && at > before.at) {
      const seconds = (at - before.at) / 1000;
      const per = (now, then) => Math.max(0, now - then) / seconds;
      for (const [id, link] of links) {
        const old = before.links.get(id);
        if (old) {
          this.links.set(id, { rx: per(link.frames_in, old.frames_in), tx: per(link.frames_out, old.frames_out) });
        }
      }
      this.samples.push({
        rx: per(status.bytes_in, before.status.bytes_in),
        tx: per(status.bytes_out, before.status.bytes_out),
        padding: per(status.padding_out, before.status.padding_out),
      });
      this.samples.splice(0, this.samples.length - SAMPLES_MAX);
    }
    this.#before = { status, links, at };
  }

  /** Frames a second, both ways, by link. */
  both() {
    return new Map([...this.links].map(([id, { rx, tx }]) => [id, rx + tx]));
  }
}

/** 1, 2 or 5 times a power of ten, at least `value`. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= value);
}

function drawGraph(samples) {
  const svg = $("graph");
  const width = Math.max(240, svg.clientWidth);
  const height = svg.clientHeight || 144;
  const [left, right, top, bottom] = [1, 64, 14, 20];
  const max = roundUp(Math.max(1000, ...samples.flatMap(({ rx, tx }) => [rx, tx])));
  const x = (at) => width - right - ((samples.length - 1 - at) * (width - left - right)) / (SAMPLES_MAX - 1);
  const y = (value) => top + (1 - value / max) * (height - top - bottom);
  const parts = [];
  const text = (words, attributes) => {
    const element = draw("text", attributes);
    element.textContent = words;
    parts.push(element);
  };
  for (const part of [0, 0.5, 1]) {
    parts.push(draw("line", { class: "axis", x1: left, x2: width - right, y1: y(max * part), y2: y(max * part) }));
  }
  text(`${bytes(max)}/s`, { x: left, y: top - 4 });
  text("3 minutes ago", { x: left, y: height - 4 });
  text("now", { x: width - right, y: height - 4, "text-anchor": "end" });
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  if (samples.length > 0) {
    const last = samples.at(-1);
    const line = (key) => samples.map((sample, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(sample[key]).toFixed(1)}`).join("");
    parts.push(draw("path", { class: "rx-area", d: `${line("rx")}V${y(0)}H${x(0).toFixed(1)}Z` }));
    parts.push(draw("path", { class: "rx", d: line("rx") }), draw("path", { class: "tx", d: line("tx") }));
    // Two labels at the right end, which do not lie on each other.
    let [rxAt, txAt] = [y(last.rx) + 4, y(last.tx) + 4];
    if (Math.abs(rxAt - txAt) < 13) {
      const middle = Math.min(Math.max((rxAt + txAt) / 2, top + 8), height - bottom - 2);
      const sign = rxAt <= txAt ? -1 : 1;
      [rxAt, txAt] = [middle + sign * 6.5, middle - sign * 6.5];
    }
    text("received", { class: "rx-label", x: width - right + 8, y: rxAt });
    text("sent", { class: "tx-label", x: width - right + 8, y: txAt });
  }
  svg.replaceChildren(...parts);
}

// The parts of the page

const rates = new Rates();
let shown = null; // the state

function describe(node, nodes) {
  if (!shown) {
    return "";
  }
  if (node === null) {
    const links = shown.links.filter((link) => isKnown(link.peer)).length;
    const clients = shown.links.length - links;
    const more = Math.max(0, (shown.relays_known ?? shown.relays.length) - links);
    const hidden = nodes.notDrawn > 0 ? `, ${number(nodes.notDrawn)} of them not drawn` : "";
    const guests = clients > 0 ? ` and ${plural(clients, "client")}` : "";
    return `This node is linked with ${plural(links, "relay")}${guests}, and knows ${number(more)} more${hidden}.`;
  }
  const words = [node.link && !node.isRelay ? "An anonymous client" : `Relay ${short(node.id)}`];
  const net = network(node.prefix === "~" ? "" : node.prefix);
  if (net !== "\u2013") {
    words.push(`in ${net}`);
  }
  if (node.isGuard) {
    words.push("a guard");
  }
  if (node.link) {
    const flow = rates.links.get(node.link.link);
    words.push(node.link.is_up ? `round trip ${milliseconds(node.link.rtt_ns)}` : "being connected");
    if (flow) {
      words.push(`${rate(flow.rx)} frames/s in, ${rate(flow.tx)} out`);
    }
    if (node.link.is_stalled) {
      words.push("not answering");
    }
  } else {
    words.push(node.relay && !node.relay.is_usable ? "known, not usable" : "known, not linked");
  }
  const circuits = shown.circuits.filter((circuit) => circuit.hops?.includes(node.id)).length;
  if (circuits > 0) {
    words.push(`on ${plural(circuits, "circuit")}`);
  }
  return `${words.join(", ")}.`;
}

const mesh = new Mesh($("mesh"), describe, (text) => setText($("told"), text));

function showHead(status) {
  const role = status.is_relay ? "relay" : "client";
  const profile = status.profile ? `, network ${status.profile}` : "";
  setText($("who"), `${isKnown(status.node) ? `${role} ${short(status.node)}` : role}${profile}`);
  $("who").title = isKnown(status.node) ? status.node : "";
  setText($("state"), status.is_joined ? `In the mesh, ${plural(status.neighbours, "neighbour")}` : "Not in the mesh");
  document.title = status.is_joined ? `Cepa, ${plural(status.neighbours, "neighbour")}` : "Cepa, not in the mesh";
}

function showFacts(status) {
  const opening = status.links_opening > 0 ? `, ${number(status.links_opening)} opening` : "";
  const padding = status.bytes_out > 0 ? `, ${percent((1e6 * status.padding_out) / status.bytes_out)} of it padding` : "";
  fillFacts([
    ["Links", number(status.links_count ?? status.links.length), `${number(status.neighbours)} neighbours, ${number(status.clients)} clients${opening}`],
    ["Relays known", number(status.relays_known), `${number(status.relays_usable)} usable, keys of ${number(status.relays_here)} here`],
    ["Circuits ready", number(status.circuits_own), `${number(status.circuits_ready_ahead)} prepared; ${number(status.circuits_built)} built, ${number(status.circuits_failed)} failed`],
    ["To build one", milliseconds(status.build_time_ns), `${number(status.circuits_salvaged)} saved at the second try`],
    ["For others", number(status.circuits_relayed), `circuits through here, ${number(status.cells_relayed)} cells so far`],
    ["Sent", bytes(status.bytes_out), `received ${bytes(status.bytes_in)}${padding}`],
    ["Shaping", shaperMode(status) ?? "\u2013", `day ${number(status.day)}, epoch ${number(status.epoch)}`],
    ["Refused", number((status.misbehaviour ?? 0) + (status.refused_budget ?? 0)), `${number(status.misbehaviour)} broke a rule, ${number(status.refused_budget)} beyond a budget`],
  ]);
}

function showTraffic() {
  const last = rates.samples.at(-1);
  setText(
    $("traffic-text"),
    last ? `Receiving ${bytes(last.rx)}/s, sending ${bytes(last.tx)}/s, of which ${bytes(last.padding)}/s padding.` : "Measuring.",
  );
  drawGraph(rates.samples);
}

function showCircuits(status) {
  setText($("circuits-count"), String(status.circuits.length));
  fillTable(
    $("circuits"),
    status.circuits.map((circuit) => {
      const state = CIRCUIT_STATES[circuit.state] ?? String(circuit.state);
      const hops = circuit.hops ?? [];
      return {
        key: circuit.circuit,
        cells: [
          circuit.is_ahead && circuit.state === 1 ? "prepared" : circuit.state === 1 ? "in use" : state,
          { text: ["here", ...hops.map(short)].join(" \u2192 "), title: hops.join("\n"), kind: "id full" },
          number(circuit.cells_sent),
          number(circuit.cells_received),
          duration(circuit.age_ns),
        ],
        onSelect: (isOn) => mesh.selectCircuit(isOn ? circuit.circuit : null),
      };
    }),
  );
}

function showLinks(status) {
  setText($("links-count"), String(status.links_count ?? status.links.length));
  const links = [...status.links].sort((a, b) => b.is_guard - a.is_guard || b.is_neighbour - a.is_neighbour || b.age_ns - a.age_ns);
  fillTable(
    $("links"),
    links.map((link) => {
      const isRelay = isKnown(link.peer);
      const flow = rates.links.get(link.link);
      const roles = [
        !isRelay && "client",
        link.is_guard && "guard",
        link.is_neighbour && "neighbour",
        link.is_initiator ? "dialled by us" : "dialled us",
      ].filter(Boolean);
      return {
        key: link.link,
        cells: [
          { text: isRelay ? short(link.peer) : "anonymous", title: isRelay ? link.peer : "", kind: "id" },
          { text: network(link.prefix), kind: "broad" },
          link.is_stalled
            ? { text: "not answering", kind: "alert full" }
            : link.is_up
              ? { text: roles.join(", "), kind: "full" }
              : { text: "being connected", kind: "full" },
          CARRIERS[link.carrier] ?? String(link.carrier),
          milliseconds(link.rtt_ns),
          `${rate(flow?.rx)}/s`,
          `${rate(flow?.tx)}/s`,
          number(link.circuits),
          duration(link.age_ns),
        ],
      };
    }),
  );
}

function showGuards(status) {
  setText($("guards-count"), String(status.guards_count ?? status.guards.length));
  fillTable(
    $("guards"),
    status.guards.map((guard, at) => ({
      cells: [
        String(at + 1),
        { text: short(guard.node), title: isKnown(guard.node) ? guard.node : "", kind: "id" },
        network(guard.prefix),
        [
          guard.is_in_use && "in use",
          GUARD_STATES[guard.state] ?? String(guard.state),
          guard.is_listed === false && "not listed any more",
        ]
          .filter(Boolean)
          .join(", "),
      ],
    })),
  );
}

function showAnonymity(status) {
  const estimate = status.anonymity;
  $("anonymity").hidden = !estimate;
  if (!estimate || !estimate.relays) {
    setText($("anonymity-lead"), "There is none before enough relays are known.");
    $("anonymity").hidden = true;
    setText($("anonymity-spread"), "");
    return;
  }
  const worst = estimate.both_ends_ppm_10;
  setText(
    $("anonymity-lead"),
    `If somebody ran a tenth of all relays, they would watch both ends of ${worst > 0 ? `${oneIn(worst)} new circuits` : "no new circuit"}.`,
  );
  const cells = (ppm) => ({ text: percent(ppm), title: oneIn(ppm) });
  fillTable($("anonymity"), [
    { cells: ["Both ends of a new circuit watched", cells(estimate.both_ends_ppm_10), cells(estimate.both_ends_ppm_20)] },
    { cells: ["A guard in use is hostile", cells(estimate.any_guard_ppm_10), cells(estimate.any_guard_ppm_20)] },
  ]);
  setText(
    $("anonymity-spread"),
    `The last relay is drawn from ${plural(estimate.relays, "relay")} in ${plural(estimate.prefixes, "network")}. As some are drawn more often than others, that is as good as ${number(estimate.effective_relays)} that are all alike (one divided by the sum of the squares of their chances).`,
  );
}

function showRelays(status) {
  setText($("relays-count"), number(status.relays_known ?? status.relays.length));
  setText(
    $("relays-text"),
    `${number(status.relays_usable)} can be used for circuits now; the keys of ${number(status.relays_here)} for this epoch are here.`,
  );
  if (!$("relays-details").open) {
    return;
  }
  const byPrefix = [...status.relays].sort((a, b) => (a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : a.key < b.key ? -1 : 1));
  fillTable(
    $("relays"),
    byPrefix.slice(0, RELAYS_LISTED_MAX).map((relay) => ({
      cells: [
        { text: isKnown(relay.node) ? short(relay.node) : `key ${short(relay.key)}`, title: isKnown(relay.node) ? relay.node : relay.key, kind: "id" },
        { text: network(relay.prefix), kind: "broad" },
        relay.flags & FLAG_INTRODUCED ? "introduced" : relay.flags & FLAG_GUARD ? "may be a guard" : "reachable",
        String(relay.capacity),
        `day ${number(relay.first_seen)}`,
        relay.is_linked ? "linked" : relay.is_usable ? "usable" : "not usable",
      ],
    })),
  );
}

function show(status) {
  shown = status;
  document.body.classList.remove("stale");
  showHead(status);
  fillWarnings(warningsOf(status));
  mesh.update(status, rates.both());
  showFacts(status);
  showTraffic();
  showCircuits(status);
  showLinks(status);
  showGuards(status);
  showAnonymity(status);
  showRelays(status);
}

/** What may be missing is made empty. */
function normalise(status) {
  for (const name of ["links", "circuits", "guards", "relays"]) {
    if (!Array.isArray(status[name])) {
      status[`${name}_count`] ??= status[name];
      status[name] = [];
    }
  }
  return status;
}

// Asking

let lastAt = null; // when the last state came
let lastTime = null; // when it was so, in milliseconds of the node's clock

/** Gives the answer's text and the time that it tells of; null if the node has nothing yet. */
async function ask() {
  const response = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) });
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  return response.status === 204 ? null : { text: await response.text(), time: Number(response.headers.get("cepa-time")) };
}

function take({ text, time }) {
  const isNew = time !== lastTime;
  lastAt = performance.now();
  lastTime = time;
  if (isNew) {
    const status = normalise(JSON.parse(text));
    rates.take(status, time);
    show(status);
  }
}

function showSilence() {
  const since = lastAt === null ? "" : ` What is shown is from ${duration((performance.now() - lastAt) * 1e6)} ago.`;
  document.body.classList.add("stale");
  setText($("state"), "No answer");
  fillWarnings([["The node does not answer.", `It may have ended, or been started anew with another address.${since}`]]);
}

async function loop() {
  let wait = INTERVAL_MS;
  const answer = await ask().catch(() => {
    showSilence();
    lastTime = null;
    return undefined;
  });
  if (answer === null) {
    wait = SOON_MS;
  } else if (answer) {
    try {
      take(answer);
    } catch (error) {
      setText($("state"), "This page cannot show what the node says");
      console.error(error);
    }
  }
  // A page that nobody sees asks nothing.
  if (document.hidden) {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
  setTimeout(loop, wait);
}

for (const table of document.querySelectorAll("#links, #circuits, #relays")) {
  table.classList.add("stacks");
}
$("relays-details").addEventListener("toggle", () => shown && showRelays(shown));
addEventListener("resize", () => shown && drawGraph(rates.samples));
loop();
