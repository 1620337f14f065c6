const quotes = 'blockquote, .gmail_quote, .gmail_quote_container, #appendonsend, .moz-cite-prefix + *'

/**
 * Folds the quoted message at the end of an HTML mail behind "···". A quote with an answer under it stays open:
 * folding it would tear the answer from its question. Works on sanitised nodes; <details> needs no script.
 */
export function foldQuotes(root: HTMLElement) {
  const body = root.querySelector('body')
  if (!body) return
  const outermost = [...body.querySelectorAll<HTMLElement>(quotes)].filter(
    quote => quote.parentElement?.closest(quotes) === null,
  )
  const last = outermost.at(-1)
  if (!last || !(last.textContent ?? '').trim() || hasTextAfter(last, body)) return
  // A mail that is nothing but a quote (a forward) has nothing to be read without it.
  const rest = (body.textContent ?? '').trim().length - (last.textContent ?? '').trim().length
  if (rest < 2) return
  const details = document.createElement('details')
  details.className = 'inlet-quote'
  const summary = document.createElement('summary')
  summary.textContent = '···'
  summary.title = 'Show quoted text'
  last.replaceWith(details)
  details.append(summary, last)
}

function hasTextAfter(element: HTMLElement, body: HTMLElement): boolean {
  for (let node: Node | null = element; node && node !== body; node = node.parentNode) {
    for (let next = node.nextSibling; next; next = next.nextSibling) {
      if ((next.textContent ?? '').trim()) return true
    }
  }
  return false
}
