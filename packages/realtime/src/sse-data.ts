/** Longer than any frame of the bus; a stream that sends a longer line is not ours to read. */
const LINE_CHARS_MAX = 64 * 1024

/** The `data:` lines of an event stream. Throws when a line does not end within 64 KiB. */
export async function* sseData(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end).replace(/\r$/, '')
      rest = rest.slice(end + 1)
      if (line.startsWith('data:')) yield line.slice(line.charAt(5) === ' ' ? 6 : 5)
    }
    if (rest.length > LINE_CHARS_MAX)
      throw new Error(`A line of the event stream is longer than ${LINE_CHARS_MAX} characters.`)
  }
}
