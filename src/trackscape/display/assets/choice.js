// What is chosen: the frame, how it is coloured, and which of its tracks are shown.
const known = payload.frames.some((frame) => frame.particle);
const rated = payload.frames.some((frame) => frame.probability);
const pick = (what) => root.querySelector(`[data-choose=${what}]`);
const limit = (what) => root.querySelector(`[data-limit="${what}"]`);
const part = (what) => root.querySelector(`[data-part=${what}]`);
let frame; // decoded

const withTruth = () => known && ticked("truth");
const kindOf = (number) => (withTruth() ? frame.kind[number] : "plain");

// Correctness is a matter of truth; without it, tracks differ in colour.
function colouring() {
  const chosen = pick("colour").value;
  return chosen === "truth" && !withTruth() ? "track" : chosen;
}

// An empty field sets no limit.
function within(value, what) {
  const [least, most] = ["least", "most"].map((side) => limit(`${side} ${what}`).value);
  return !(least !== "" && value < Number(least)) && !(most !== "" && value > Number(most));
}

function passes(number) {
  return within(frame.tracks[number].length, "length") &&
    (!frame.probability || within(frame.probability[number], "probability"));
}

function shownTracks() {
  return [...frame.tracks.keys()].filter((number) => passes(number) && ticked(kindOf(number)));
}

// Numbers of what passes the filters, by kind, whether or not it is ticked.
function countAll() {
  const passing = frame.tracks.map((_, number) => number).filter(passes);
  const counts = { plain: passing.length, free: frame.trackOf.filter((track) => track < 0).length };
  if (known) {
    for (const kind of ["correct", "wrong"]) {
      counts[kind] = passing.filter((number) => frame.kind[number] === kind).length;
    }
    counts.bad = passing.reduce((sum, number) => sum + frame.bad[number].length, 0);
    counts.missed = frame.missed.length;
  }
  return counts;
}
