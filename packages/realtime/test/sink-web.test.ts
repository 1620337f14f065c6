import { expect, test } from 'vitest'
import { webSink } from '../src/sink-web.ts'

const bytes = (length: number) => new Uint8Array(length)

test('it is full above its mark and drains when the reader has taken enough', async () => {
  const { sink, stream } = webSink({ highWaterBytes: 100 })
  let drains = 0
  sink.onDrain(() => drains++)
  expect(sink.write(bytes(60))).toBe(true)
  expect(sink.write(bytes(60))).toBe(false)
  const reader = stream.getReader()
  await reader.read()
  expect(drains).toBe(1)
  await reader.read()
  expect(drains).toBe(1)
  expect(sink.write(bytes(99))).toBe(true)
})

test('cancel by the reader ends it once, and later writes are harmless', async () => {
  const { sink, stream } = webSink()
  let ends = 0
  sink.signal.addEventListener('abort', () => ends++)
  await stream.cancel()
  expect(sink.write(bytes(10))).toBe(true)
  sink.close()
  sink.destroy()
  expect(ends).toBe(1)
})

test('the abort of the request ends it, also when it came first', async () => {
  const request = new AbortController()
  const { sink, stream } = webSink({ signal: request.signal })
  sink.write(bytes(1))
  request.abort()
  expect(sink.signal.aborted).toBe(true)
  expect(sink.write(bytes(1))).toBe(true)
  const reader = stream.getReader()
  expect((await reader.read()).value?.byteLength).toBe(1)
  expect((await reader.read()).done).toBe(true)
  expect(webSink({ signal: AbortSignal.abort() }).sink.signal.aborted).toBe(true)
})

test('close lets the reader have what was written; destroy does not', async () => {
  const closed = webSink()
  closed.sink.write(bytes(5))
  closed.sink.close()
  expect((await new Response(closed.stream).arrayBuffer()).byteLength).toBe(5)
  const destroyed = webSink()
  destroyed.sink.write(bytes(5))
  destroyed.sink.destroy()
  await expect(new Response(destroyed.stream).arrayBuffer()).rejects.toThrow('stopped reading')
})
