// The picture of the mesh: this node in the middle, the relays it is linked with around it in the
// order of their networks, the others that it knows outside, circuits as paths through their hops.

const SVG = "http://www.w3.org/2000/svg";
const OUTER_MAX = 600; // relays drawn outside; the others are only counted
const LABELS_MAX = 18; // linked relays that can all have their names beside them
const HALO = 11;
const CLEARING = 56; // around this node, which paths between others stay out of

export function draw(name, attributes = {}, parent = null) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  parent?.append(element);
  return element;
}

const isKnown = (id) => typeof id === "string" && /[1-9a-f]/.test(id);
const inOrder = (a, b) => (a.prefix < b.prefix ? -1 : a.prefix > b.prefix ? 1 : a.id < b.id ? -1 : 1);

/** The nodes of the picture: those with a link, and the others. */
function nodesOf(status) {
  const relays = new Map();
  for (const relay of status.relays) {
    const id = isKnown(relay.node) ? relay.node : relay.key;
    relays.set(id, { id, prefix: String(relay.prefix ?? ""), relay, key: relay.key });
  }
  relays.delete(status.id); // stands in the middle
  const linked = new Map();
  for (const link of status.links) {
    const isRelay = isKnown(link.peer);
    const id = isRelay ? link.peer : `client ${link.link}`;
    const node = linked.get(id);
    if (node) {
      // A guard that is a neighbour too has a second link, under no name.
      node.links.push(link);
      continue;
    }
    const known = relays.get(id);
    relays.delete(id);
    linked.set(id, { id, prefix: String(link.prefix ?? ""), isRelay, link, links: [link], relay: known?.relay });
  }
  for (const hop of status.circuits.flatMap((circuit) => circuit.hops ?? [])) {
    if (!relays.has(hop) && !linked.has(hop)) {
      relays.set(hop, { id: hop, prefix: "~" });
    }
  }
  const onPath = new Set(status.circuits.flatMap((circuit) => circuit.hops ?? []));
  const others = [...relays.values()];
  const outside = others.filter((node) => onPath.has(node.id));
  outside.push(...others.filter((node) => !onPath.has(node.id)).slice(0, Math.max(0, OUTER_MAX - outside.length)));
  // Clients come last, so that the relays stand together.
  const around = [...linked.values()].sort((a, b) => b.isRelay - a.isRelay || inOrder(a, b));
  outside.sort(inOrder);
  return { linked: around, outside, notDrawn: others.length - outside.length };
}

/** Gives each a place on an ellipse, the first at the top. */
function place(nodes, centre, radiusX, radiusY, scatter = 0) {
  nodes.forEach((node, index) => {
    const angle = (2 * Math.PI * index) / nodes.length - Math.PI / 2;
    const noise = scatter * ((parseInt(node.id.slice(0, 4), 16) || 0) / 65535 - 0.5);
    node.angle = angle;
    node.x = centre.x + (radiusX + noise) * Math.cos(angle);
    node.y = centre.y + (radiusY + noise) * Math.sin(angle);
  });
}

/** Where a piece of a path bends to: inwards, but around the middle, where it has no business. */
function bendOf(from, to, centre, bend) {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const away = { x: middle.x - centre.x, y: middle.y - centre.y };
  const distance = Math.hypot(away.x, away.y);
  if (distance < CLEARING) {
    const across = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const normal = { x: (to.y - from.y) / across, y: (from.x - to.x) / across };
    const side = normal.x * away.x + normal.y * away.y < 0 ? -1 : 1;
    const push = side * (2 * CLEARING - distance);
    return { x: middle.x + normal.x * push, y: middle.y + normal.y * push };
  }
  const pull = Math.min(0.2 + 0.1 * bend, 1 - CLEARING / distance);
  return { x: middle.x - away.x * pull, y: middle.y - away.y * pull };
}

/** A path from the middle through the hops; some bend more than others, so that they can be told
 *  apart. */
function pathThrough(points, centre, bend) {
  const at = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const [first] = points;
  const side = { x: (first.y - centre.y) * bend * 0.16, y: (centre.x - first.x) * bend * 0.16 };
  const start = { x: (centre.x + first.x) / 2 + side.x, y: (centre.y + first.y) / 2 + side.y };
  let text = `M${at(centre)}Q${at(start)} ${at(first)}`;
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1], points[index]];
    text += `Q${at(bendOf(from, to, centre, bend))} ${at(to)}`;
  }
  return text;
}

export const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** 0: silent, to 4: thousands of frames a second. */
function level(framesPerSecond) {
  return framesPerSecond < 0.2 ? 0 : Math.min(4, 1 + Math.floor(Math.log10(framesPerSecond + 1)));
}

export class Mesh {
  #svg;
  #describe;
  #onSelect;
  #nodes = []; // as drawn, in the order of the arrow keys
  #selected = null; // a node's id
  #circuit = null; // a circuit's number
  #current = null; // the node that the keyboard is on
  #layers;
  #elements = new Map(); // by node's id
  #last = null;

  /** `describe` gives a sentence about a node, or about the whole for null. */
  constructor(svg, describe, onSelect) {
    this.#svg = svg;
    this.#describe = describe;
    this.#onSelect = onSelect;
    this.#layers = ["orbits", "links", "circuits", "nodes"].map((name) => draw("g", { class: name }, svg));
    svg.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.#last && this.update(...this.#last)).observe(svg.parentElement);
  }

  /** Marks a circuit and what is on it; null ends that. */
  selectCircuit(number) {
    this.#circuit = number;
    this.#mark();
  }

  /** `rates` gives frames a second by the link's number. */
  update(status, rates) {
    this.#last = [status, rates];
    const width = Math.max(240, this.#svg.parentElement.clientWidth);
    const height = Math.round(Math.min(Math.max(width * 0.76, 280), 600));
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.style.height = `${height}px`;
    const { linked, outside, notDrawn } = nodesOf(status);
    const centre = { x: width / 2, y: height / 2 };
    const outer = { x: width / 2 - 16, y: height / 2 - 16 };
    const share = outside.length > 0 ? 0.6 : 0.78;
    place(linked, centre, outer.x * share, outer.y * share);
    place(outside, centre, outer.x, outer.y, outside.length > 60 ? 18 : 0);
    const byId = new Map([...linked, ...outside].map((node) => [node.id, node]));
    for (const guard of status.guards) {
      const node = byId.get(guard.node);
      if (node) {
        node.isGuard = guard.in_use;
      }
    }
    this.#drawOrbits(centre, outer, share, linked.length, outside.length);
    this.#drawLinks(linked, centre, rates);
    this.#drawCircuits(status.circuits, byId, centre);
    this.#drawNodes(status, linked, outside, centre, width);
    this.#nodes = [...linked, ...outside];
    this.#nodes.notDrawn = notDrawn;
    if (!byId.has(this.#selected)) {
      this.#selected = null;
    }
    this.#mark();
  }

  #drawOrbits(centre, outer, share, linked, outside) {
    const ring = (part) => draw("ellipse", { class: "orbit", cx: centre.x, cy: centre.y, rx: outer.x * part, ry: outer.y * part });
    this.#layers[0].replaceChildren(...(linked ? [ring(share)] : []), ...(outside ? [ring(1)] : []));
  }

  #drawLinks(linked, centre, rates) {
    const layer = this.#layers[1];
    const wanted = new Set();
    for (const { link, links, x, y } of linked) {
      const key = `link-${link.link}`;
      wanted.add(key);
      let group = layer.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (!group) {
        group = draw("g", { "data-key": key }, layer);
        draw("line", {}, group);
        draw("line", {}, group);
      }
      const ends = { x1: centre.x, y1: centre.y, x2: x, y2: y };
      const classes = [`link${link.stalled ? " stalled" : ""}`, `flow rate-${links.some(({ up }) => up) ? level(sum(links.map((one) => rates.get(one.link) ?? 0))) : 0}`];
      [...group.children].forEach((line, index) => {
        for (const [name, value] of Object.entries({ ...ends, class: classes[index] })) {
          if (line.getAttribute(name) !== String(value)) {
            line.setAttribute(name, value);
          }
        }
      });
    }
    for (const group of [...layer.children]) {
      if (!wanted.has(group.dataset.key)) {
        group.remove();
      }
    }
  }

  #drawCircuits(circuits, byId, centre) {
    const parts = [];
    // What is in use is drawn over what is only prepared.
    const order = [...circuits].sort((a, b) => b.ahead - a.ahead);
    order.forEach((circuit, index) => {
      const points = (circuit.hops ?? []).map((hop) => byId.get(hop)).filter(Boolean);
      if (points.length === 0) {
        return;
      }
      const classes = `${circuit.ahead ? " ahead" : ""}${circuit.state === "ready" ? "" : " unready"}`;
      const bend = ((index % 5) - 2) / 2;
      const path = draw("path", { class: `circuit${classes}`, d: pathThrough(points, centre, bend) });
      path.dataset.circuit = circuit.circuit;
      path.dataset.hops = circuit.hops.join(" ");
      parts.push(path);
    });
    this.#layers[2].replaceChildren(...parts);
  }

  #drawNodes(status, linked, outside, centre, width) {
    const layer = this.#layers[3];
    const hasLabels = linked.length <= (width < 480 ? 0 : width < 640 ? 9 : LABELS_MAX);
    const fresh = new Map();
    const self = { id: "self", x: centre.x, y: centre.y, kind: "self" };
    for (const node of [...outside, ...linked, self]) {
      const element = this.#elements.get(node.id) ?? this.#makeNode(node.id);
      fresh.set(node.id, element);
      element.setAttribute("transform", `translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`);
      this.#fillNode(element, node, linked, hasLabels, centre);
      if (!element.isConnected) {
        // One that is moved would lose the keyboard.
        layer.insertBefore(element, this.#elements.get("self") ?? null);
      }
    }
    for (const [id, element] of this.#elements) {
      if (!fresh.has(id)) {
        element.remove();
      }
    }
    this.#elements = fresh;
    if (!fresh.has(this.#current)) {
      this.#current = "self";
    }
    for (const [id, element] of fresh) {
      element.setAttribute("tabindex", id === this.#current ? "0" : "-1");
    }
  }

  #makeNode(id) {
    const element = draw("g", { class: "node", role: "img" });
    draw("circle", { class: "halo", r: HALO }, element);
    element.addEventListener("pointerenter", () => this.#select(id));
    element.addEventListener("pointerleave", () => this.#select(null));
    element.addEventListener("focus", () => this.#select(id));
    element.addEventListener("blur", () => this.#select(null));
    return element;
  }

  #fillNode(element, node, linked, hasLabels, centre) {
    const isLinked = linked.includes(node);
    const kind = node.kind ?? (!isLinked ? "known" : !node.isRelay ? "client" : node.link.up ? "linked" : "opening");
    const dot = kind === "known" && node.relay && !node.relay.usable ? "known unusable" : kind;
    const label = kind === "self" ? "this node" : isLinked && node.isRelay ? node.id.slice(0, 6) : "";
    const look = [dot, node.isGuard, hasLabels, label, node.angle?.toFixed(2)].join();
    if (element.dataset.look !== look) {
      element.dataset.look = look;
      element.setAttribute("class", `node ${kind}`);
      [...element.children].slice(1).forEach((child) => child.remove());
      const radius = { self: 8, linked: 5, opening: 4.5, client: 3.5, known: node.isGuard ? 4 : 2.6 }[kind];
      if (kind === "self" || node.isGuard) {
        draw("circle", { class: kind === "self" ? "self-ring" : "guard-ring", r: radius + (kind === "self" ? 6 : 3.2) }, element);
      }
      draw("circle", { class: `dot ${dot}`, r: radius }, element);
      if (label && (kind === "self" || hasLabels)) {
        this.#label(element, node, label, kind, centre);
      }
    }
    element.setAttribute("aria-label", this.#describe(kind === "self" ? null : node, this.#nodes));
  }

  /** Beside the dot, away from the middle. */
  #label(element, node, label, kind) {
    if (kind === "self") {
      draw("text", { y: 29, "text-anchor": "middle" }, element).textContent = label;
      return;
    }
    const across = Math.cos(node.angle);
    const down = Math.sin(node.angle);
    const anchor = across > 0.25 ? "start" : across < -0.25 ? "end" : "middle";
    draw("text", { x: across * 13, y: 4 + down * 16, "text-anchor": anchor }, element).textContent = label;
  }

  #select(id) {
    this.#selected = id === "self" ? null : id;
    this.#mark();
  }

  /** Marks what is selected, and says it in words. */
  #mark() {
    const chosen = this.#selected;
    const onPath = new Set();
    let hasPath = false;
    for (const path of this.#layers[2].children) {
      const hops = path.dataset.hops.split(" ");
      const isChosen = path.dataset.circuit === String(this.#circuit) || (chosen !== null && hops.includes(chosen));
      path.classList.toggle("selected", isChosen);
      hasPath ||= isChosen;
      if (path.dataset.circuit === String(this.#circuit)) {
        hops.forEach((hop) => onPath.add(hop));
      }
    }
    this.#svg.classList.toggle("has-selection", hasPath);
    for (const [id, element] of this.#elements) {
      element.classList.toggle("selected", id === chosen || onPath.has(id));
    }
    this.#onSelect(this.#describe(this.#nodes.find((node) => node.id === chosen) ?? null, this.#nodes));
  }

  #onKey(event) {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const ids = ["self", ...this.#nodes.map((node) => node.id)];
    let next = null;
    if (event.key in steps) {
      next = (ids.indexOf(this.#current) + steps[event.key] + ids.length) % ids.length;
    } else if (event.key === "Home" || event.key === "End") {
      next = event.key === "Home" ? 0 : ids.length - 1;
    }
    if (next !== null && document.activeElement?.closest("#mesh")) {
      event.preventDefault();
      this.#elements.get(this.#current)?.setAttribute("tabindex", "-1");
      this.#current = ids[next];
      const element = this.#elements.get(this.#current);
      element.setAttribute("tabindex", "0");
      element.focus();
    }
  }
}
