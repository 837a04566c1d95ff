"use strict";
// Draws the seats of a form as a map, and lets a visitor move in it by pointer and by keys (ARIA's grid pattern).
// The form's boxes stay what says what is chosen. This class makes the page begin with the map, so that nothing moves later.
document.documentElement.classList.add("has-map");

class SeatMap {
  static SVG = "http://www.w3.org/2000/svg";
  // Of a seat in hundredths of the distance between neighbours, which is the unit of the drawing.
  static SEAT = 84;
  static AROUND = {left: 160, top: 300, right: 80, bottom: 80};
  // So many pixels are between neighbours: at first, at least where there is room, and at most.
  static FIRST = 31;
  static LARGEST_FIRST = 48;
  static LARGEST = 90;
  static STEP = 1.3;
  static PAGE_ROWS = 5;

  constructor(host, form, words, about) {
    this.host = host;
    this.words = words;
    this.about = about;
    this.cells = new Map();
    this.rows = [];
    this.svg = this.made("svg", {role: "grid", "aria-label": words.map, "aria-multiselectable": "true"});
    for (const section of form.querySelectorAll(".of-list")) this.addSection(section);
    const {top, right, bottom} = SeatMap.AROUND, cells = this.rows.flat();
    const names = [...this.svg.querySelectorAll(".row-name")].map((name) => name.textContent.length);
    const left = Math.max(SeatMap.AROUND.left, 80 + 20 * Math.max(...names));
    const [from, to] = [Math.min, Math.max].map((most) => ["x", "y"].map((way) => most(...cells.map((cell) => cell[way]))));
    this.width = to[0] - from[0] + left + right;
    this.height = to[1] - from[1] + top + bottom;
    this.svg.setAttribute("viewBox", `${from[0] - left} ${from[1] - top} ${this.width} ${this.height}`);
    this.addFront((from[0] + to[0]) / 2, from[1], (to[0] - from[0]) / 2);
    host.append(this.svg);
    this.show(this.first());
    host.scrollLeft = (host.scrollWidth - host.clientWidth) / 2;
    this.current = this.rows[0][0];
    this.current.node.setAttribute("tabindex", "0");
    this.listen();
  }

  made(name, attributes, text) {
    const node = document.createElementNS(SeatMap.SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  }

  addSection(section) {
    const group = this.made("g", {role: "rowgroup", "aria-label": section.dataset.section});
    for (const row of section.querySelectorAll(".row")) {
      const line = this.made("g", {role: "row", "aria-label": row.getAttribute("aria-label")});
      const cells = [...row.querySelectorAll("input")].map((box) => this.cell(box)).sort((one, two) => one.x - two.x || one.y - two.y);
      for (const [place, cell] of cells.entries()) {
        Object.assign(cell, {row: this.rows.length, place});
        line.append(cell.node);
      }
      const [first] = cells;
      group.append(this.made("text", {class: "row-name", x: first.x - 58, y: first.y, "aria-hidden": "true"}, row.dataset.row), line);
      if (row.previousElementSibling === null) {
        const middle = (first.x + cells.at(-1).x) / 2, y = this.topAt(cells, middle) - 90;
        group.append(this.made("text", {class: "section-name", x: middle, y, "aria-hidden": "true"}, section.dataset.section));
      }
      this.rows.push(cells);
    }
    this.svg.append(group);
  }

  // How far up the seats of a row reach next to a place across it.
  topAt(cells, x) {
    const nearest = Math.min(...cells.map((cell) => Math.abs(cell.x - x)));
    return Math.min(...cells.filter((cell) => Math.abs(cell.x - x) <= nearest + 1).map((cell) => cell.y));
  }

  addFront(middle, top, width) {
    const half = Math.max(150, width * 0.6), y = top - 195;
    const bow = `M${middle - half} ${y} Q${middle} ${y - 55} ${middle + half} ${y}`;
    this.svg.append(this.made("path", {class: "front", d: bow, "aria-hidden": "true"}),
      this.made("text", {class: "front-name", x: middle, y: y - 55, "aria-hidden": "true"}, this.words.front));
  }

  cell(box) {
    const [x, y] = box.dataset.at.split(",").map(Number);
    const tier = box.parentElement.classList[1], half = SeatMap.SEAT / 2;
    const node = this.made("g", {role: "gridcell", tabindex: "-1", "data-seat": box.value, transform: `translate(${x} ${y})`});
    const shape = (inset) => this.made("rect", {
      x: inset - half, y: inset - half, width: SeatMap.SEAT - 2 * inset, height: SeatMap.SEAT - 2 * inset,
      rx: tier === "vip" ? half : 18 - inset,
    });
    node.append(shape(0));
    if (tier === "premium") node.append(shape(10));
    const label = box.nextElementSibling.textContent;
    const text = this.made("text", label.length > 3 ? {class: "long"} : {});
    node.append(text);
    const sign = box.parentElement.querySelector(".feature");
    if (sign) node.append(this.made("circle", {cx: 36, cy: -36, r: 19}), this.made("text", {class: "sign", x: 36, y: -36}, sign.textContent));
    const cell = {box, x, y, node, text, tier, label};
    this.cells.set(node, cell);
    this.cells.set(box, cell);
    this.paintCell(cell);
    return cell;
  }

  // Draws a seat as its box is now.
  paint(box) {
    this.paintCell(this.cells.get(box));
  }

  paintCell({box, node, text, tier, label}) {
    const state = box.dataset.state || "free", isOwn = box.checked || state === "mine" || state === "reserved";
    node.setAttribute("class", `cell ${tier} ${state}${box.checked ? " chosen" : ""}`);
    node.setAttribute("aria-label", box.getAttribute("aria-label"));
    node.setAttribute("aria-selected", String(isOwn));
    if (box.disabled) node.setAttribute("aria-disabled", "true");
    else node.removeAttribute("aria-disabled");
    text.textContent = isOwn ? "✓" : box.disabled ? "×" : label;
  }

  // Sizes: in pixels between neighbours.
  all() {
    const fit = Math.min(this.host.clientWidth / this.width, this.host.clientHeight / this.height);
    return Math.min(100 * fit, SeatMap.LARGEST_FIRST);
  }

  first() {
    return Math.min(Math.max(this.all(), SeatMap.FIRST), SeatMap.LARGEST_FIRST);
  }

  show(size) {
    this.size = size;
    this.svg.setAttribute("width", this.width * size / 100);
    this.svg.setAttribute("height", this.height * size / 100);
  }

  // Changes the size so that what is under a point of the window stays there; returns whether there was anything to change.
  zoom(size, at) {
    const wanted = Math.min(Math.max(size, Math.min(this.all(), SeatMap.FIRST)), SeatMap.LARGEST);
    if (Math.abs(wanted - this.size) < 0.01) return false;
    const box = this.host.getBoundingClientRect(), ratio = wanted / this.size;
    const x = at ? at.x - box.left : box.width / 2, y = at ? at.y - box.top : box.height / 2;
    const left = (this.host.scrollLeft + x) * ratio - x, top = (this.host.scrollTop + y) * ratio - y;
    this.show(wanted);
    this.host.scrollLeft = left;
    this.host.scrollTop = top;
    return true;
  }

  zoomBy(way) {
    if (way === "all") this.zoom(this.all());
    else this.zoom(way === "in" ? this.size * SeatMap.STEP : this.size / SeatMap.STEP, this.middleOfCurrent());
  }

  middleOfCurrent() {
    if (!this.svg.contains(document.activeElement)) return null;
    const box = this.current.node.getBoundingClientRect();
    return {x: box.x + box.width / 2, y: box.y + box.height / 2};
  }

  listen() {
    const cellOf = (event) => this.cells.get(event.target.closest("[role=gridcell]"));
    this.svg.addEventListener("click", (event) => {
      const cell = cellOf(event);
      if (!cell) return;
      this.go(cell);
      this.choose(cell);
    });
    this.svg.addEventListener("keydown", (event) => this.key(event));
    // On the host: Chromium gives the focus to an SVG that listens to it.
    for (const kind of ["pointerover", "focusin"]) {
      this.host.addEventListener(kind, (event) => {
        const cell = cellOf(event);
        if (cell) this.about.textContent = cell.box.getAttribute("aria-label");
      });
    }
    this.host.addEventListener("wheel", (event) => {
      if (event.shiftKey || !event.deltaY) return;
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
      // At the end of what can be zoomed the page scrolls on.
      if (this.zoom(this.size * Math.exp(-event.deltaY * lines / 500), event)) event.preventDefault();
    }, {passive: false});
    let pinch = null;
    const span = ([one, two]) => Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY);
    this.host.addEventListener("touchstart", (event) => {
      pinch = event.touches.length === 2 ? {span: span(event.touches), size: this.size} : null;
    }, {passive: true});
    this.host.addEventListener("touchmove", (event) => {
      if (!pinch || event.touches.length !== 2) return;
      event.preventDefault();
      const [one, two] = event.touches;
      const at = {x: (one.clientX + two.clientX) / 2, y: (one.clientY + two.clientY) / 2};
      this.zoom(pinch.size * span(event.touches) / pinch.span, at);
    }, {passive: false});
  }

  choose({box}) {
    if (box.disabled) return;
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change", {bubbles: true}));
  }

  go(cell) {
    this.current.node.setAttribute("tabindex", "-1");
    this.current = cell;
    cell.node.setAttribute("tabindex", "0");
    cell.node.focus({preventScroll: true});
    cell.node.scrollIntoView({block: "nearest", inline: "nearest"});
  }

  // The seat of a row that is nearest to a place across it.
  nearest(row, x) {
    const cells = this.rows[Math.min(Math.max(row, 0), this.rows.length - 1)];
    return cells.reduce((best, cell) => Math.abs(cell.x - x) < Math.abs(best.x - x) ? cell : best);
  }

  key(event) {
    if (event.altKey || event.metaKey) return;
    const {row, place, x} = this.current, cells = this.rows[row];
    const ends = event.ctrlKey ? [this.rows[0][0], this.rows.at(-1).at(-1)] : [cells[0], cells.at(-1)];
    const ways = {
      ArrowLeft: () => cells[place - 1], ArrowRight: () => cells[place + 1],
      ArrowUp: () => this.nearest(row - 1, x), ArrowDown: () => this.nearest(row + 1, x),
      PageUp: () => this.nearest(row - SeatMap.PAGE_ROWS, x), PageDown: () => this.nearest(row + SeatMap.PAGE_ROWS, x),
      Home: () => ends[0], End: () => ends[1],
    };
    const zooms = {"+": "in", "=": "in", "-": "out", "−": "out", "0": "all"};
    if (event.ctrlKey && event.key !== "Home" && event.key !== "End") return;
    if (Object.hasOwn(ways, event.key)) {
      const cell = ways[event.key]();
      if (cell) this.go(cell);
    } else if (event.key === " " || event.key === "Enter") {
      this.choose(this.current);
    } else if (Object.hasOwn(zooms, event.key)) {
      this.zoomBy(zooms[event.key]);
    } else {
      return;
    }
    event.preventDefault();
  }
}
