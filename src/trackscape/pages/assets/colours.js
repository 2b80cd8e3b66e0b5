// A scale of colours whose lightness grows evenly, for all kinds of colour blindness: viridis.
const viridis = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"]
  .map((code) => [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16)));

const between = (share, low, high) => low + share * (high - low);

// The colour of a share from 0 to 1; light makes it lighter or darker.
function colourOf(share, light = 1) {
  const at = Math.min(0.9999, Math.max(0, share)) * (viridis.length - 1), below = Math.floor(at);
  const part = viridis[below].map((one, k) => light * between(at - below, one, viridis[below + 1][k]));
  return `rgb(${part.map((one) => Math.min(255, Math.round(one))).join(",")})`;
}
