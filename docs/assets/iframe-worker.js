// Browsers refuse workers to pages from disk. There, a hidden frame does the work of the search:
// it runs the script of the worker in a window of its own, and passes the same messages.
if (location.protocol === "file:") {
  window.IFrameWorker = window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.title = "Search"
      document.body.append(this.frame)
      const inner = this.frame.contentWindow
      addEventListener("message", (event) => {
        if (event.source !== this.frame.contentWindow) return
        this.dispatchEvent(new MessageEvent("message", { data: event.data }))
      })
      inner.document.open()
      inner.document.write(
        "<script>postMessage = (data) => parent.postMessage(data, '*')</script>" +
          `<script src="${url}"></script>`,
      )
      inner.document.close()
      this.ready = new Promise((resolve) => (inner.onload = resolve))
    }

    postMessage(data) {
      this.ready.then(() => {
        const copy = structuredClone(data)
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data: copy }))
      })
    }

    terminate() {
      this.frame.remove()
    }
  }
}
