// Put in front of the worker of the search when the site is built. The theme looks for everything
// that begins with a word of the query, so that "a" finds all words with an a in front. Here, words
// of a question are looked for as they are, without those that mean nothing and without their
// endings; only the last one may still be in the middle of being written.
addEventListener("message", (event) => {
  const query = 2 // the type of a message
  if (event.data.type !== query || /["+^~*]/.test(event.data.data)) return
  const words = event.data.data.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const wanted = [...new Set(words)].filter((word) => word.length > 1 && lunr.stopWordFilter(word))
  const stem = (word) => lunr.stemmer(new lunr.Token(word, {})).toString()
  const terms = wanted.map((word) => `${stem(word)}^1`)
  const last = event.data.data.match(/[\p{L}\p{N}]+$/u)?.[0].toLowerCase()
  if (last) terms.push(`${last}*`)
  event.data.data = terms.join(" ")
})
