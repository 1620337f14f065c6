type Selection = Map<string, Selection | null>

/** Google's partial responses: `a,b(c,d),e/f,*`. Names that match nothing select nothing. */
export function selectFields(body: unknown, fields: string): unknown {
  return pick(body, parse(fields))
}

function parse(text: string): Selection {
  let at = 0
  const list = (): Selection => {
    const selection: Selection = new Map()
    while (at < text.length && text[at] !== ')') {
      const start = at
      while (at < text.length && !'(),/'.includes(text[at] ?? '')) at++
      const name = text.slice(start, at).trim()
      let inner: Selection | null = null
      if (text[at] === '(') {
        at++
        inner = list()
        at++
      } else if (text[at] === '/') {
        at++
        inner = single()
      }
      if (name !== '') selection.set(name, inner)
      if (text[at] === ',') at++
      else if (text[at] !== ')' && at === start) at++
    }
    return selection
  }
  const single = (): Selection => {
    const start = at
    while (at < text.length && !'(),/'.includes(text[at] ?? '')) at++
    const name = text.slice(start, at).trim()
    if (text[at] === '/') {
      at++
      return new Map([[name, single()]])
    }
    if (text[at] !== '(') return new Map([[name, null]])
    at++
    const inner = list()
    at++
    return new Map([[name, inner]])
  }
  return list()
}

function pick(value: unknown, selection: Selection): unknown {
  if (Array.isArray(value)) return value.map(item => pick(item, selection))
  if (typeof value !== 'object' || value === null) return value
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const inner = selection.has(key) ? selection.get(key) : selection.get('*')
    if (inner === undefined) continue
    out[key] = inner === null ? item : pick(item, inner)
  }
  return out
}
