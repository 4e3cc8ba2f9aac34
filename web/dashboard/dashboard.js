// Asks for the node's state each second and shows it. Text goes into the page as text only.
import { Mesh, draw, sum } from "./mesh.js";

const INTERVAL_MS = 1000;
const SOON_MS = 150; // when the node has no state ready yet
const LIMIT_MS = 4000; // for an answer
const SAMPLES_MAX = 180;
const ESTIMATE_NETWORKS_MIN = 20; // below, a tenth is not even two relays
const RELAYS_LISTED_MAX = 300;
const CARRIERS = { none: "none", webrtc: "WebRTC", relayed: "relayed" };
const CIRCUIT_STATES = { building: "building", ready: "in use", mending: "being mended" };
const GUARD_STATES = { untried: "not tried", reached: "reached", unreachable: "not reachable" };

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

function duration(seconds) {
  if (!Number.isFinite(seconds)) {
    return "\u2013";
  }
  seconds = Math.floor(seconds);
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

/** A coarse network prefix. */
const network = (prefix) => (typeof prefix === "string" && prefix !== "" ? prefix : "\u2013");

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
  const mesh = status.network;
  if (mesh.clock_off) {
    const off = milliseconds(Math.abs(mesh.clock_error_ms) * 1e6);
    const side = mesh.clock_error_ms > 0 ? "ahead of" : "behind";
    warnings.push([
      "The clock is wrong.",
      `It is ${off} ${side} the clocks of the neighbours. Until it is set right, nothing about this node is published.`,
    ]);
  }
  if (!mesh.joined) {
    warnings.push([
      "Not in the mesh.",
      "This node has no neighbour. An invitation brings it in: cepa join INVITATION. If it was in before, the network of this machine may be down.",
    ]);
  } else if (status.relay && !mesh.published && !mesh.clock_off) {
    const needed = status.reachability?.receipts_needed ?? 2;
    const title = mesh.receipts < needed ? "Not reachable." : "Not published yet.";
    warnings.push([title, sentence(status.reachability?.why ?? "")]);
  }
  if (mesh.joined && mesh.guards > 0 && mesh.guards_reached === 0) {
    warnings.push(["No guard can be reached.", "Circuits cannot be built until one of them answers."]);
  } else if (mesh.joined && mesh.circuits_own + mesh.circuits_ready_ahead === 0) {
    warnings.push(["No circuit is ready.", "Nothing can be sent anonymously until one is."]);
  }
  const stalled = status.links.filter((link) => link.stalled).length;
  if (stalled > 0) {
    warnings.push([
      `${plural(stalled, "link")} ${stalled === 1 ? "does" : "do"} not answer.`,
      "If it is most of them, this machine's own network is the likely cause.",
    ]);
  }
  if (status.shaper === "off") {
    warnings.push(["Shaping is off.", "Who sees this machine's traffic sees when it sends, and how much."]);
  }
  return warnings;
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
        rx: per(status.network.bytes_in, before.status.network.bytes_in),
        tx: per(status.network.bytes_out, before.status.network.bytes_out),
        padding: per(status.network.padding_out, before.status.network.padding_out),
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
    const peers = shown.links.map((link) => link.peer).filter(isKnown);
    const links = new Set(peers).size;
    const clients = shown.links.length - peers.length;
    const more = Math.max(0, shown.network.relays_known - links - (shown.relays.some(({ node }) => node === shown.id) ? 1 : 0));
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
    const flows = node.links.map(({ link }) => rates.links.get(link)).filter(Boolean);
    const flow = flows.length > 0 && { rx: sum(flows.map(({ rx }) => rx)), tx: sum(flows.map(({ tx }) => tx)) };
    words.push(node.link.up ? `round trip ${milliseconds(node.link.rtt_us * 1e3)}` : "being connected");
    if (flow) {
      words.push(`${rate(flow.rx)} frames/s in, ${rate(flow.tx)} out`);
    }
    if (node.link.stalled) {
      words.push("not answering");
    }
  } else {
    words.push(node.relay && !node.relay.usable ? "known, not usable" : "known, not linked");
  }
  const circuits = shown.circuits.filter((circuit) => circuit.hops?.includes(node.id)).length;
  if (circuits > 0) {
    words.push(`on ${plural(circuits, "circuit")}`);
  }
  return `${words.join(", ")}.`;
}

const mesh = new Mesh($("mesh"), describe, (text) => setText($("told"), text));

function showHead(status) {
  const role = status.relay ? "relay" : "client";
  const profile = status.profile ? `, network ${status.profile}` : "";
  const neighbours = plural(status.network.neighbours, "neighbour");
  setText($("who"), `${isKnown(status.id) ? `${role} ${short(status.id)}` : role}${profile}`);
  $("who").title = isKnown(status.id) ? status.id : "";
  setText($("state"), status.network.joined ? `In the mesh, ${neighbours}` : "Not in the mesh");
  document.title = status.network.joined ? `Cepa, ${neighbours}` : "Cepa, not in the mesh";
}

const upperFirst = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const sentence = (text) => (text === "" ? "" : `${upperFirst(text)}.`);

function budgetFacts(budget) {
  if (!(budget?.day > 0)) {
    return [];
  }
  const withheld = budget.withheld === "nothing" ? "" : `; withheld until 00:00 UTC: ${budget.withheld}`;
  return [["Budget of the day", bytes(budget.used), `of ${bytes(budget.day)} used, ${bytes(budget.left)} left${withheld}`]];
}

function showFacts(status) {
  const mesh = status.network;
  const opening = mesh.links_opening > 0 ? `, ${number(mesh.links_opening)} opening` : "";
  const padding = mesh.bytes_out > 0 ? `, ${percent((1e6 * mesh.padding_out) / mesh.bytes_out)} of what is sent is padding` : "";
  const isDirect = status.reachability?.direct;
  fillFacts([
    ["Links", number(mesh.links), `${number(mesh.neighbours)} neighbours, ${number(mesh.clients)} clients${opening}`],
    ["Relays known", number(mesh.relays_known), `${number(mesh.relays_usable)} usable, keys of ${number(mesh.relays_here)} here`],
    ["Circuits ready", number(mesh.circuits_own + mesh.circuits_ready_ahead), `${number(mesh.circuits_ready_ahead)} prepared; ${number(mesh.circuits_built)} built, ${number(mesh.circuits_failed)} failed`],
    ["To build one", milliseconds(mesh.build_time_ns), `${number(mesh.circuits_salvaged)} saved at the second try`],
    ["For others", number(mesh.circuits_relayed), `circuits through here, ${number(mesh.cells_relayed)} cells so far`],
    ["Sent", bytes(mesh.bytes_out), `received ${bytes(mesh.bytes_in)}${padding}`],
    ["Shaping", status.shaper ?? "\u2013", `day ${number(mesh.day)}, epoch ${number(mesh.epoch)}`],
    ...budgetFacts(status.budget),
    ["Refused", number(mesh.misbehaviour + mesh.refused_budget), `${number(mesh.misbehaviour)} broke a rule, ${number(mesh.refused_budget)} beyond a budget`],
    ["Reachable", isDirect ? "yes" : status.relay ? "no" : "not needed", sentence(status.reachability?.why ?? "")],
    ["Running for", duration(status.uptime_s), `${bytes(status.resident_bytes)} of memory, cepa ${status.version}`],
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
          circuit.ahead && circuit.state === "ready" ? "prepared" : state,
          { text: ["here", ...hops.map(short)].join(" \u2192 "), title: hops.join("\n"), kind: "id full" },
          number(circuit.cells_sent),
          number(circuit.cells_received),
          duration(circuit.age_s),
        ],
        onSelect: (isOn) => mesh.selectCircuit(isOn ? circuit.circuit : null),
      };
    }),
  );
}

function showLinks(status) {
  setText($("links-count"), String(status.network.links ?? status.links.length));
  const links = [...status.links].sort((a, b) => b.guard - a.guard || b.neighbour - a.neighbour || b.age_s - a.age_s);
  fillTable(
    $("links"),
    links.map((link) => {
      const isRelay = isKnown(link.peer);
      const flow = rates.links.get(link.link);
      const roles = [
        !isRelay && "client",
        link.guard && "guard",
        link.neighbour && "neighbour",
        link.initiator ? "dialled by us" : "dialled us",
      ].filter(Boolean);
      return {
        key: link.link,
        cells: [
          { text: isRelay ? short(link.peer) : "anonymous", title: isRelay ? link.peer : "", kind: "id" },
          { text: network(link.prefix), kind: "broad" },
          link.stalled
            ? { text: "not answering", kind: "alert full" }
            : link.up
              ? { text: roles.join(", "), kind: "full" }
              : { text: "being connected", kind: "full" },
          CARRIERS[link.carrier] ?? String(link.carrier),
          milliseconds(link.rtt_us * 1e3),
          `${rate(flow?.rx)}/s`,
          `${rate(flow?.tx)}/s`,
          number(link.circuits),
          duration(link.age_s),
        ],
      };
    }),
  );
}

function showGuards(status) {
  setText($("guards-count"), String(status.guards.length));
  fillTable(
    $("guards"),
    status.guards.map((guard, at) => ({
      cells: [
        String(at + 1),
        { text: short(guard.node), title: isKnown(guard.node) ? guard.node : "", kind: "id" },
        network(guard.prefix),
        [
          guard.in_use && "in use",
          GUARD_STATES[guard.state] ?? String(guard.state),
          guard.listed === false && "not listed any more",
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
  if (!estimate || !(estimate.prefixes >= ESTIMATE_NETWORKS_MIN)) {
    const got = estimate?.relays ? `: there are ${plural(estimate.relays, "relay")} in ${plural(estimate.prefixes, "network")} so far` : "";
    setText($("anonymity-lead"), `There is none before relays of ${ESTIMATE_NETWORKS_MIN} networks are known${got}.`);
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
  setText($("relays-count"), number(status.network.relays_known ?? status.relays.length));
  setText(
    $("relays-text"),
    `${number(status.network.relays_usable)} can be used for circuits now; the keys of ${number(status.network.relays_here)} for this epoch are here.`,
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
        relay.introduced ? "introduced" : relay.guard ? "may be a guard" : "reachable",
        String(relay.capacity),
        `day ${number(relay.first_day)}`,
        relay.linked ? "linked" : relay.usable ? "usable" : "not usable",
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

/** What may be missing is made empty; a circuit's hops become ids. */
function normalise(status) {
  for (const name of ["links", "circuits", "guards", "relays"]) {
    status[name] = Array.isArray(status[name]) ? status[name] : [];
  }
  status.network ??= {};
  for (const circuit of status.circuits) {
    circuit.hops = (circuit.hops ?? []).map((hop) => hop.node);
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
  const since = lastAt === null ? "" : ` What is shown is from ${duration((performance.now() - lastAt) / 1000)} ago.`;
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
