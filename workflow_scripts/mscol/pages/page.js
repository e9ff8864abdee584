"use strict";
// Sortable tables, maps of clips, and confusion matrices whose cells list their clips. Texts from users only become text nodes.

const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
// Okabe & Ito's colours, and one shape per round of colours
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c"];
const SHAPES = ["M-1,0a1,1 0 1,0 2,0a1,1 0 1,0 -2,0z", "M-.9,-.9h1.8v1.8h-1.8z", "M0,-1.2L1.1,.8H-1.1z", "M0,-1.3L1.2,0L0,1.3L-1.2,0z"];

function make(name, attributes = {}, ...children) {
  const element = ["svg", "path"].includes(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// ---- Tables

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", { type: "button" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      // Numbers start with the highest, texts in alphabetical order.
      const rows = [...table.tBodies[0].rows];
      const texts = column === 0 || rows.some((row) => row.cells[column].classList.contains("text"));
      const before = head.getAttribute("aria-sort");
      const rising = before ? before === "descending" : texts;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const value = (row) => {
        const text = row.cells[column].textContent.trim();
        return texts ? text : parseFloat(text.replace(/,/g, ""));
      };
      const compare = (a, b) => (texts ? a.localeCompare(b, undefined, { numeric: true }) : a - b);
      rows.sort((one, other) => {
        const [a, b] = [value(one), value(other)];
        if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b); // dashes stay at the bottom
        return rising ? compare(a, b) : compare(b, a);
      });
      table.tBodies[0].append(...rows);
    });
  });
}

// ---- Clips

function player(dataset, clip) {
  const { names, audio } = data.clips[dataset];
  if (!audio[clip]) return null;
  return make("audio", { controls: "", preload: "none", "aria-label": `Listen to ${names[clip]}`, src: `data:audio/mpeg;base64,${audio[clip]}` });
}

function play(sound) {
  sound?.play().catch(() => {}); // in browsers without mp3
}

// Move a line over a picture while its sound plays.
function follow(picture) {
  const sound = picture.querySelector("audio");
  if (!sound) return;
  const line = make("hr", { "aria-hidden": "true" });
  const move = () => {
    line.style.left = `${(100 * sound.currentTime) / (sound.duration || 1)}%`;
    if (!sound.paused) requestAnimationFrame(move);
  };
  picture.append(line);
  for (const event of ["play", "seeking", "seeked"]) sound.addEventListener(event, move);
}

// Many items share one stop of the Tab key. Arrow keys move to the nearest item in their direction.
function roam(items) {
  const middle = (item) => {
    const { left, top, width, height } = item.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  items.forEach((item, number) => {
    item.setAttribute("tabindex", number ? -1 : 0);
    item.addEventListener("focus", () => items.forEach((other) => other.setAttribute("tabindex", other === item ? 0 : -1)));
    item.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step) return;
      event.preventDefault();
      const [x, y] = middle(item);
      let [nearest, least] = [null, Infinity];
      for (const other of items) {
        const [dx, dy] = [middle(other)[0] - x, middle(other)[1] - y];
        const along = dx * step[0] + dy * step[1];
        const aside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
        if (other !== item && along > 0.5 && along + 2 * aside < least) [nearest, least] = [other, along + 2 * aside];
      }
      nearest?.focus();
    });
  });
}

// ---- Maps

// The labels of a clip: tags are joined by ";", and a class may have any name.
const labelsIn = (view, text) => (view.task === "tagging" ? text.split(";") : [text]);

const MOST_STYLES = COLOURS.length * SHAPES.length;

// Whether labels are numbers: those of a regression, or classes such as pitches that are too many for one colour each.
function numeric(view) {
  return view.task === "regression" || (view.labels.length > COLOURS.length && view.labels.every((label) => label.trim() && Number.isFinite(Number(label))));
}

// Style of the points of a view: a colour and shape per class, one style for all tags, violet to yellow for numbers.
function styles(view) {
  if (view.task === "classification" && !numeric(view)) {
    return (label) => {
      const number = Math.max(0, view.labels.indexOf(label));
      return [COLOURS[number % COLOURS.length], SHAPES[Math.floor(number / COLOURS.length) % SHAPES.length]];
    };
  }
  if (view.task === "tagging") return () => [COLOURS[0], SHAPES[0]];
  const [low, high] = ends(view);
  const part = (label) => (label - low) / (high - low || 1);
  return (label) => [`hsl(${260 - 200 * part(label)} 75% ${35 + 20 * part(label)}%)`, SHAPES[0]];
}

function ends(view) {
  const numbers = Object.values(view.of).map(Number);
  return [Math.min(...numbers), Math.max(...numbers)];
}

function mapOf(place, view) {
  const chooser = place.querySelector("select");
  const style = styles(view);
  const { names } = data.clips[view.dataset];
  const present = view.task === "regression" ? [] : view.labels.filter((label) => Object.values(view.of).some((of) => labelsIn(view, of).includes(label)));
  const filter = make("select", { "aria-label": "Highlighted points" }, make("option", { value: "" }, "all"));
  filter.append(...present.map((label) => make("option", {}, label)));
  if (present.length) place.append(make("label", {}, view.task === "tagging" ? "tag " : "class ", filter));
  const drawing = make("svg", { viewBox: "0 0 150 100", class: "map", role: "group" });
  const told = make("div", { class: "told", "aria-live": "polite" });
  place.append(make("div", { class: "explorer" }, drawing, told));
  if (numeric(view)) place.append(legend([...new Set(ends(view))].map(String), style));
  else if (view.task === "classification" && present.length <= MOST_STYLES) place.append(legend(present, style));
  let [shown, pinned] = [null, false];

  function tell(clip, called) {
    if (shown === clip) return;
    shown = clip;
    const task = { tagging: "tags", classification: "class", regression: "number" }[view.task];
    const words = (text) => labelsIn(view, text).join(", ") || "none";
    told.replaceChildren(make("p", {}, make("strong", {}, names[clip])), make("p", {}, `${task}: ${words(view.of[clip])}`));
    if (called) told.append(make("p", {}, `${view.task === "tagging" ? "most likely tags" : "predicted"}: ${words(called)}`));
    told.append(player(view.dataset, clip) || make("p", { class: "faint" }, "This page has no excerpt of this clip."));
  }

  function dim() {
    drawing.querySelectorAll("path").forEach((point) => {
      const stands = !filter.value || labelsIn(view, view.of[point.dataset.clip]).includes(filter.value);
      point.classList.toggle("dim", !stands);
    });
  }

  function draw() {
    const model = chooser.value;
    drawing.setAttribute("aria-label", `Map of the test clips by ${model}`);
    const size = drawing.clientWidth < 600 ? 2.2 : 1.25; // large enough for a finger
    const points = view.maps[model].map(([clip, x, y, called]) => {
      const [colour, shape] = style(view.of[clip]);
      const point = make("path", { d: shape, fill: colour, transform: `translate(${(3 + 144 * x).toFixed(2)} ${(97 - 94 * y).toFixed(2)}) scale(${size})`, role: "button", "data-clip": clip });
      point.setAttribute("aria-label", `${names[clip]}, ${labelsIn(view, view.of[clip]).join(", ")}`);
      point.addEventListener("mouseenter", () => pinned || tell(clip, called));
      point.addEventListener("focus", () => tell(clip, called));
      const choose = () => {
        tell(clip, called);
        pinned = true;
        play(told.querySelector("audio"));
      };
      point.addEventListener("click", choose);
      point.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      });
      return point;
    });
    drawing.replaceChildren(...points);
    roam(points);
    shown = null;
    pinned = false;
    told.replaceChildren(make("p", { class: "faint" }, "No clip selected."));
    dim();
  }

  drawing.addEventListener("click", (event) => event.target === drawing && (pinned = false));
  chooser.addEventListener("change", draw);
  filter.addEventListener("change", dim);
  draw();
}

function legend(labels, style) {
  const entries = labels.map((label) => {
    const [colour, shape] = style(label);
    const icon = make("svg", { viewBox: "-1.5 -1.5 3 3", "aria-hidden": "true" }, make("path", { d: shape, fill: colour }));
    return make("li", {}, icon, ` ${label}`);
  });
  return make("ul", { class: "legend", "aria-label": "Classes" }, ...entries);
}

// ---- Confusion

function confusionOf(place, view) {
  const chooser = place.querySelector("select");
  const body = make("div");
  const told = make("div", { class: "told", "aria-live": "polite" });
  place.append(make("div", { class: "explorer beside" }, body, told));

  function list(button, cell) {
    const [label, called, , n, clips] = cell;
    body.querySelectorAll("[aria-expanded=true]").forEach((other) => other.setAttribute("aria-expanded", "false"));
    button.setAttribute("aria-expanded", "true");
    const entries = clips.map((clip) => {
      const sound = player(view.dataset, clip);
      return make("li", {}, data.clips[view.dataset].names[clip], ...(sound ? [make("br"), sound] : []));
    });
    told.replaceChildren(make("p", {}, make("strong", {}, `${label} predicted as ${called}: ${n} ${n === 1 ? "clip" : "clips"}`)), make("ul", { class: "clips" }, ...entries));
    if (n > clips.length) told.append(make("p", {}, `${n - clips.length} more are in results/clips/.`));
  }

  function button(cell, text, share) {
    const made = make("button", { type: "button", "aria-expanded": "false", "aria-label": `${cell[0]} predicted as ${cell[1]}: ${text}` }, text);
    if (share !== undefined) {
      made.style.background = `color-mix(in srgb, var(--accent) ${Math.round(100 * share)}%, transparent)`;
      if (share > 0.5) made.style.color = "var(--paper)";
    }
    made.addEventListener("click", () => list(made, cell));
    return made;
  }

  function draw() {
    const cells = view.cells[chooser.value];
    const made = view.listed ? listed(cells, button) : matrix(view.labels, cells, button);
    body.replaceChildren(make("div", { class: view.listed ? "scroll tall" : "scroll matrix" }, made));
    roam([...made.querySelectorAll("button")]);
    told.replaceChildren(make("p", { class: "faint" }, "Select a number to list its clips: click it, or move to it with Tab and the arrow keys and press Enter."));
  }

  chooser.addEventListener("change", draw);
  draw();
}

function matrix(labels, cells, button) {
  const of = new Map(cells.map((cell) => [JSON.stringify(cell.slice(0, 2)), cell]));
  const head = make("tr", {}, make("th", { scope: "col" }, "true class"), ...labels.map((label) => make("th", { scope: "col" }, label)));
  const rows = labels.map((label) => {
    const row = labels.map((called) => of.get(JSON.stringify([label, called])));
    const all = row.reduce((sum, cell) => sum + (cell ? cell[2] : 0), 0);
    const filled = row.map((cell) => make("td", {}, ...(cell ? [button(cell, shortly(cell[2]), cell[2] / all)] : [])));
    return make("tr", {}, make("th", { scope: "row" }, label), ...filled);
  });
  return make("table", {}, make("caption", {}, "Clips of each true class (rows) by predicted class (columns)"), make("thead", {}, head), make("tbody", {}, ...rows));
}

function listed(cells, button) {
  const head = make("tr", {}, ...["true class", "predicted class", "clips"].map((name, number) => make("th", { scope: "col", class: number < 2 ? "text" : "" }, name)));
  const rows = cells.map((cell) => make("tr", {}, make("th", { scope: "row" }, cell[0]), make("td", { class: "text" }, cell[1]), make("td", {}, button(cell, shortly(cell[2])))));
  return make("table", {}, make("caption", {}, "The most frequent confusions"), make("thead", {}, head), make("tbody", {}, ...rows));
}

const shortly = (number) => (Number.isInteger(number) ? String(number) : number.toFixed(1));

document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll(".heard").forEach(follow);
document.addEventListener("play", (event) => document.querySelectorAll("audio").forEach((other) => other !== event.target && other.pause()), true);
document.querySelectorAll("[data-map]").forEach((place) => mapOf(place, data.views[place.dataset.map]));
document.querySelectorAll("[data-confusion]").forEach((place) => confusionOf(place, data.views[place.dataset.confusion]));
