/** One dispatched event, as WHATWG HTML §9.2.6 defines it. */
export interface SseEvent {
  /** `message` unless the block named one. */
  event: string
  data: string
  /** Of this block or an earlier one: it persists. */
  lastEventId: string
}

/** In UTF-16 units, of one line and of one block's data. A full page of 1,000 changes is some 2 million. */
export const SSE_SIZE_LIMIT = 8 * 1024 * 1024

export class SseTooLarge extends Error {
  override readonly name = 'SseTooLarge'
}

/**
 * Text in, in any chunks; events out. Written for fetch, because EventSource hides comments, status codes and
 * Retry-After. `retry:` is ignored: connection-state.ts decides when to come back.
 * A block cut by the end of the stream is discarded: nothing is dispatched before its blank line.
 * Throws SseTooLarge instead of growing without bound; the parser is of no use after that.
 */
export function createSseParser(
  onEvent: (event: SseEvent) => void,
  limit = SSE_SIZE_LIMIT,
): { push(text: string): void } {
  let partial = ''
  let skipLf = false
  let data: string[] = []
  let dataSize = 0
  let eventName = ''
  let idBuffer = ''

  function push(text: string) {
    let start = 0
    // CR LF is one line end, also when a chunk ends between the two.
    if (skipLf && text.length > 0) {
      if (text[0] === '\n') start = 1
      skipLf = false
    }
    for (let i = start; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code !== 10 && code !== 13) continue
      const line = partial + text.slice(start, i)
      partial = ''
      checkSize(line.length, 'line')
      if (code === 13) {
        if (i + 1 === text.length) skipLf = true
        else if (text.charCodeAt(i + 1) === 10) i++
      }
      start = i + 1
      takeLine(line)
    }
    partial += text.slice(start)
    checkSize(partial.length, 'line')
  }

  function takeLine(line: string) {
    if (line === '') return dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const rest = colon < 0 ? '' : line.slice(colon + 1)
    const value = rest.startsWith(' ') ? rest.slice(1) : rest
    if (field === 'data') {
      dataSize += value.length + 1
      checkSize(dataSize, 'event')
      data.push(value)
    } else if (field === 'event') eventName = value
    else if (field === 'id' && !value.includes('\0')) idBuffer = value
  }

  function dispatch() {
    const [lines, event] = [data, eventName]
    data = []
    dataSize = 0
    eventName = ''
    // The spec fires nothing for an empty data buffer, which one empty `data` line is not: its LF is in it.
    if (lines.length === 0) return
    onEvent({ event: event || 'message', data: lines.join('\n'), lastEventId: idBuffer })
  }

  function checkSize(size: number, what: string) {
    if (size > limit)
      throw new SseTooLarge(`The stream sent one ${what} of more than ${limit} characters; closing it.`)
  }

  return { push }
}
