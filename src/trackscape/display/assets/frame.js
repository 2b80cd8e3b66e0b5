// Puts the views of a frame together and listens to what is chosen.
const SECONDS = 1; // that a frame is shown while all are played
const numberOf = (place) => payload.first + place;
const button = (name) => root.querySelector(`[data-do=${name}]`);
const frameName = () => `frame ${numberOf(pick("frame").selectedIndex)}`;
const caption = () => payload.title + (payload.frames.length > 1 ? `: ${frameName()}` : "");
let playing = null;

const panes = [spacePane(), projectionPane(0), projectionPane(1)];

// The switches of the legend, kept as they are ticked; each has a swatch drawn as the lines are.
function layOutLegend() {
  const legend = part("legend");
  for (const kind of Object.keys(names)) {
    const label = document.createElement("label"), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.dataset.show = kind;
    label.append(box, document.createElement("i"), document.createElement("span"));
    legend.append(label);
  }
  const scale = document.createElement("span");
  scale.className = "scale";
  scale.append(document.createElement("i"), document.createElement("span"));
  legend.append(scale);
}

function writeLegend() {
  const entries = legendEntries();
  const style = getComputedStyle(root), colour = (name) => style.getPropertyValue("--" + name).trim();
  const fill = (where, entry) => {
    where.hidden = !entry;
    if (!entry) return;
    const pen = svgPen();
    entry.drawn(pen, 0, 7, colour);
    where.querySelector("i").innerHTML = pen.finish(28, 14);
    where.querySelector("span").textContent = entry.text;
  };
  for (const kind of Object.keys(names)) {
    fill(root.querySelector(`[data-show=${kind}]`).parentElement, entries.find((each) => each.kind === kind));
  }
  fill(part("legend").querySelector(".scale"), entries.find((each) => each.kind === null));
}

function refresh() {
  pick("colour").querySelector("[value=truth]").disabled = !withTruth();
  writeLegend();
  writeCounts();
  stage.redraw();
}

function show(place) {
  const number = payload.frames.length;
  pick("frame").selectedIndex = ((place % number) + number) % number;
  frame = decode(pick("frame").selectedIndex);
  stage.letGo();
  refresh();
}

const step = (by) => show(pick("frame").selectedIndex + by);

function play() {
  const on = playing === null && payload.frames.length > 1;
  clearInterval(playing);
  playing = on ? setInterval(step, 1000 * SECONDS, 1) : null;
  button("play").textContent = on ? "Pause" : "Play";
}

function stop() {
  if (playing !== null) play();
}

const keys = {
  n: () => { stop(); step(1); }, p: () => { stop(); step(-1); }, " ": play,
  t: () => known && root.querySelector("[data-show=truth]").click(),
};
[keys["."], keys[","]] = [keys.n, keys.p];

function openFrames() {
  payload.frames.forEach((_, place) => pick("frame").add(new Option(`frame ${numberOf(place)}`)));
  part("frames").hidden = payload.frames.length < 2;
  part("probability").hidden = !rated;
  part("truth").hidden = !known;
  pick("colour").querySelector("[value=truth]").hidden = !known;
  if (!known) pick("colour").value = "track";
  limit("least length").value = 1;
  limit("most length").value = payload.longest;
  layOutLegend();
  button("next").addEventListener("click", keys.n);
  button("previous").addEventListener("click", keys.p);
  button("play").addEventListener("click", play);
  pick("frame").addEventListener("change", () => { stop(); show(pick("frame").selectedIndex); });
  root.addEventListener("change", refresh);
  root.addEventListener("input", refresh);
  root.addEventListener("keydown", (press) => {
    const typing = press.target.matches("select, input[type=number]");
    const pressing = press.key === " " && !press.target.matches("canvas");
    if (press.ctrlKey || press.metaKey || press.altKey || typing || pressing || !keys[press.key]) return;
    press.preventDefault();
    keys[press.key]();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  show(0);
  // A page that begins with this view listens to keys at once.
  if (root.previousElementSibling?.tagName === "H1") panes[0].canvas.focus({ preventScroll: true });
}

const stage = openStage({
  panes, describe, caption,
  legend: () => legendEntries()
    .filter(({ kind }) => kind === null || ticked(kind))
    .map(({ text, drawn }) => [text, drawn]),
});
openFrames();
