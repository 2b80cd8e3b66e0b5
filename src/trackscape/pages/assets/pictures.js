// Pictures of what is seen, as PNG and SVG: a caption, the panes at their places, the legend.
const LINE = 22, SWATCH = 34, GAP = 22;

function savePictures({ stage, panes, palette, caption, legend, marked }) {
  const ruler = document.createElement("canvas").getContext("2d");

  function widthOf(text) {
    ruler.font = letters(12);
    return ruler.measureText(text).width;
  }

  // The legend in lines that fit; returns where it ends.
  function writeLegend(pen, colour, top, width) {
    let x = 10, y = top + LINE / 2;
    for (const [text, drawn] of legend()) {
      const wide = SWATCH + widthOf(text);
      if (x > 10 && x + wide > width - 10) [x, y] = [10, y + LINE];
      drawn(pen, x, y, colour);
      pen.write(text, [x + SWATCH, y], colour("text"), "left");
      x += wide + GAP;
    }
    return legend().length ? y + LINE / 2 + 4 : top;
  }

  function paint(pen, width) {
    const colour = palette();
    pen.write(caption(), [10, 4 + LINE / 2], colour("text"), "left", 13);
    let bottom = 0;
    for (const { canvas, camera, draw } of panes) {
      const top = canvas.offsetTop + LINE + 8;
      pen.open(canvas.offsetLeft, top, canvas.clientWidth, canvas.clientHeight, colour("card"));
      draw(pen, colour, camera.projection(), marked());
      pen.close();
      bottom = Math.max(bottom, top + canvas.clientHeight);
    }
    return writeLegend(pen, colour, bottom + 6, width);
  }

  function save(content, suffix) {
    const name = caption().replace(/[^\w.]+/g, "-").replace(/^-+|-+$/g, "") || "picture";
    const address = URL.createObjectURL(content);
    Object.assign(document.createElement("a"), { href: address, download: name + suffix }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  function savePng() {
    const width = stage.clientWidth, ratio = Math.max(2, window.devicePixelRatio || 1);
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    const height = paint(svgPen(), width);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    pen.scale(ratio, ratio);
    pen.fillStyle = palette()("card");
    pen.fillRect(0, 0, width, height);
    paint(canvasPen(pen), width);
    canvas.toBlob((content) => save(content, ".png"), "image/png");
  }

  function saveSvg() {
    const width = stage.clientWidth, pen = svgPen();
    const height = paint(svgPen(), width);
    pen.open(0, 0, width, height, palette()("card"));
    paint(pen, width);
    pen.close();
    save(new Blob([pen.finish(width, height)], { type: "image/svg+xml" }), ".svg");
  }

  root.querySelector("[data-do=png]").addEventListener("click", savePng);
  root.querySelector("[data-do=svg]").addEventListener("click", saveSvg);
}
