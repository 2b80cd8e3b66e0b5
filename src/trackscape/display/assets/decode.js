// The frames of the page: packed numbers -> arrays, in mm and MeV.
const arrays = { Uint8Array, Uint16Array, Uint32Array };
const decoded = new Map();

function unpack([kind, text]) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new arrays[kind](bytes.buffer);
}

function decode(place) {
  if (!decoded.has(place)) decoded.set(place, decodeFrame(payload.frames[place]));
  return decoded.get(place);
}

function decodeFrame(packed) {
  const position = packed.position.map((axis, k) =>
    Float64Array.from(unpack(axis), (count) => payload.origin[k] + payload.step[k] * count));
  const index = unpack(packed.index), trackOf = new Int32Array(position[0].length).fill(-1);
  let end = 0;
  const tracks = Array.from(unpack(packed.length), (length, number) => {
    const hits = [...index.subarray(end, end += length)];
    hits.forEach((hit) => { trackOf[hit] = number; });
    return hits;
  });
  const probability = packed.probability && Float64Array.from(unpack(packed.probability), (p) => p / 1e4);
  return {
    position, tracks, trackOf, probability,
    energy: Float64Array.from(unpack(packed.energy), (count) => payload.energyStep * count),
    layer: unpack(packed.layer),
    ...(packed.particle ? decodeTruth(packed, tracks) : { kind: tracks.map(() => "plain") }),
  };
}

// A track is correct if all of its hits have one event.
function decodeTruth(packed, tracks) {
  const particle = unpack(packed.particle), ends = unpack(packed.missed), { event } = packed.particles;
  const eventOf = (hit) => event[particle[hit]];
  const events = tracks.map((hits) => [...new Set(hits.map(eventOf))]);
  const missed = [];
  for (let k = 0; k < ends.length; k += 2) missed.push([ends[k], ends[k + 1]]);
  return {
    particle, missed, events,
    particles: packed.particles,
    kind: events.map((all) => (all.length === 1 ? "correct" : "wrong")),
    bad: tracks.map((hits) => segmentsOf(hits).filter(([from, to]) => eventOf(from) !== eventOf(to))),
  };
}

function segmentsOf(hits) {
  return hits.slice(1).map((hit, k) => [hits[k], hit]);
}
