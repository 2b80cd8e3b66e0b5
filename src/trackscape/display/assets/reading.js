// The numbers of a frame in words: of a hit, of what is shown, and the legend.
const particleNames = {
  11: "electron", "-11": "positron", 13: "muon", 22: "photon", 2112: "neutron", 2212: "proton",
  1000010020: "deuteron", 1000010030: "triton", 1000020030: "helium 3", 1000020040: "alpha particle",
};
const whole = (value) => value.toLocaleString("en");
const some = (value, thing) => `${whole(value)} ${thing}${value === 1 ? "" : "s"}`;

function describe(hit) {
  const [x, y, z] = frame.position.map((axis) => minus(axis[hit].toFixed(2)));
  const lines = [
    `layer ${frame.layer[hit]}`,
    `x ${x} mm, y ${y} mm, z ${z} mm`,
    `deposit ${(1e3 * frame.energy[hit]).toFixed(1)} keV`,
  ];
  lines.push(...describeTrack(frame.trackOf[hit]));
  if (withTruth()) lines.push(`true particle: ${describeParticle(frame.particle[hit])}`);
  return lines.join("\n");
}

function describeTrack(number) {
  if (number < 0) return ["on no track"];
  const hits = frame.tracks[number], [first, last] = [hits[0], hits[hits.length - 1]];
  const lines = [
    `track ${number}: ${some(hits.length, "hit")} in layers ${frame.layer[first]} to ${frame.layer[last]}`,
  ];
  if (frame.probability) lines.push(`probability to be right: ${frame.probability[number].toFixed(3)}`);
  if (withTruth()) {
    const events = frame.events[number].map((event) => String(event));
    const named = events.slice(0, 6).join(", ") + (events.length > 6 ? ", …" : "");
    lines.push(events.length === 1
      ? `correct: all of its hits are of event ${named}`
      : `wrong: its hits are of the events ${named}`);
  }
  return lines;
}

function describeParticle(number) {
  const { event, track, parent, pdg } = frame.particles;
  const name = pdg ? particleNames[pdg[number]] ?? `PDG code ${pdg[number]}` : "particle";
  const origin = parent[number] === 0 ? "primary" : `track ${track[number]}, child of ${parent[number]}`;
  return `${name} of event ${event[number]} (${origin})`;
}

function writeCounts() {
  const shown = shownTracks(), hits = frame.trackOf.length;
  const wrong = withTruth() ? shown.filter((number) => frame.kind[number] === "wrong").length : null;
  part("counts").textContent =
    `${frameName().replace("f", "F")}: ${whole(shown.length)} of ${some(frame.tracks.length, "track")} shown` +
    (wrong === null ? "" : ` (${shown.length - wrong} correct, ${wrong} wrong)`) +
    ` among ${some(hits, "hit")}.`;
}

// What stands for a kind of thing in the legend.
function drawSwatch(kind, pen, x, y, colour) {
  const line = (ink, from, to, width, dash) => pen.stroke([[[x + from, y], [x + to, y]]], ink, width, dash);
  if (kind === "free") return pen.squares([[x + 14, y]], 2.5, colour("free"));
  const { colour: ink, width, dash } = styles[kind];
  const way = colouring();
  if (way === "truth" || kind === "missed" || kind === "bad") {
    line(colour(ink), 0, 28, Math.max(width, 1.7), dash);
    if (kind === "bad") cross(pen, [[x, y], [x + 28, y]], colour("missed"));
  } else if (way === "track") {
    for (const k of [0, 1, 2]) line(colour("track" + k), 10 * k, 10 * k + 8, 2.2, dash.length ? [4, 2] : []);
  } else {
    line(colour("hit"), 0, 28, Math.max(width, 1.7), dash);
  }
}

function drawScale(pen, x, y, colour) {
  for (let k = 0; k < 14; k++) {
    pen.stroke([[[x + 2 * k, y], [x + 2 * k + 2, y]]], shade(k / 13, colour), 8);
  }
}

// Words and strokes of all entries; those of kinds can be switched off.
function legendEntries() {
  const counts = countAll();
  const entries = kinds().map((kind) => ({
    kind, text: `${names[kind]} (${whole(counts[kind])})`,
    drawn: (...where) => drawSwatch(kind, ...where),
  }));
  if (colouring() === "deposit") {
    const [low, high] = payload.deposits.map((energy) => (1e3 * energy).toPrecision(2)).map(Number);
    entries.push({ kind: null, text: `deposit, ${low} to ${high} keV (logarithmic)`, drawn: drawScale });
  }
  return entries;
}
