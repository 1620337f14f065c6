import { connect, type Socket } from 'node:net'

/** Many readers of a stream in one process, on bare sockets: they cost the machine as little as readers can. */
export type ClientsOrder =
  | { do: 'open'; port: number; requests: string[]; atOnce: number }
  /** From now on look for this text, once on each stream. */
  | { do: 'expect'; text: string }
  | { do: 'close' }
export type ClientsTold =
  | { told: 'opened'; open: number }
  | { told: 'ready' }
  /** Moments of the machine's monotonic clock, ns: one a stream that has seen the text. */
  | { told: 'seen'; atNs: bigint[]; lost: number }
  | { told: 'problem'; problem: string }

const SEEN_LIMIT_MS = 20_000
const OPEN_LIMIT_MS = 15_000

const sockets = new Set<Socket>()
let expected = ''
let seen: bigint[] = []
let toSee = 0
let finish: (() => void) | null = null

const tell = (told: ClientsTold) => void process.send?.(told)

async function openAll(port: number, requests: string[], atOnce: number): Promise<void> {
  const queue = [...requests]
  const worker = async () => {
    for (let request = queue.pop(); request !== undefined; request = queue.pop()) await openOne(port, request)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

function openOne(port: number, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request))
    const late = setTimeout(
      () => socket.destroy(new Error(`no stream within ${OPEN_LIMIT_MS} ms`)),
      OPEN_LIMIT_MS,
    )
    let begun = false
    let tail = ''
    let answeredTo = ''
    socket.on('error', reject)
    socket.on('close', () => {
      sockets.delete(socket)
      reject(new Error('The server closed a stream.'))
    })
    socket.on('data', bytes => {
      const at = process.hrtime.bigint()
      const text = tail + bytes.toString('latin1')
      if (!begun) {
        if (!text.startsWith('HTTP/1.1 200'))
          return void socket.destroy(new Error(`A stream was answered: ${text.slice(0, 200)}`))
        // Headers may come before the first event: a stream is open when something of its body is there.
        const headEnd = text.indexOf('\r\n\r\n')
        if (headEnd < 0 || text.length === headEnd + 4) {
          tail = text
          return
        }
        begun = true
        clearTimeout(late)
        sockets.add(socket)
        resolve()
      }
      if (expected !== '' && answeredTo !== expected && text.includes(expected)) {
        answeredTo = expected
        seen.push(at)
        if (seen.length >= toSee) finish?.()
      }
      tail = text.slice(-64)
    })
  })
}

function expect(text: string): void {
  expected = text
  seen = []
  toSee = sockets.size
  const late = setTimeout(() => finish?.(), SEEN_LIMIT_MS)
  finish = () => {
    finish = null
    clearTimeout(late)
    tell({ told: 'seen', atNs: seen, lost: toSee - seen.length })
  }
  tell({ told: 'ready' })
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: ClientsOrder) => {
  if (order.do === 'expect') return expect(order.text)
  if (order.do === 'close') {
    for (const socket of sockets) socket.destroy()
    return
  }
  openAll(order.port, order.requests, order.atOnce).then(
    () => tell({ told: 'opened', open: sockets.size }),
    (error: unknown) => tell({ told: 'problem', problem: String(error) }),
  )
})
