import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

export interface DeliverOptions {
  /** The sandbox's address. */
  url: string
  /** Default: the sandbox's first account. */
  account?: string
  signal?: AbortSignal
}

export interface DeliverResult {
  file: string
  /** Null when it was not taken; `error` says why. */
  id: string | null
  error: string | null
}

/** Drops message files into a mailbox of the sandbox, in order. One bad file does not stop the rest. */
export async function deliver(files: readonly string[], options: DeliverOptions): Promise<DeliverResult[]> {
  const results: DeliverResult[] = []
  for (const file of files) {
    try {
      const raw = readFileSync(file).toString('base64')
      const answer = await post(options, { raw })
      results.push({ file: basename(file), id: String(answer.id), error: null })
    } catch (error) {
      results.push({
        file: basename(file),
        id: null,
        error: error instanceof Error ? error.message : String(error),
      })
    }
  }
  return results
}

/** Has the sandbox make mail up: at once, or over time when a rate is given. Answers with one sentence. */
export async function deliverGenerated(
  count: number,
  ratePerSecond: number | undefined,
  options: DeliverOptions,
): Promise<string> {
  const answer = await post(options, {
    generate: { count, ...(ratePerSecond !== undefined && { ratePerSecond }) },
  })
  const { delivery } = answer
  return typeof delivery === 'object' && delivery !== null && 'id' in delivery
    ? `${count} messages at ${ratePerSecond} a second: running in the sandbox as ${String(delivery.id)}`
    : `${count} messages delivered`
}

async function post(options: DeliverOptions, body: object): Promise<Record<string, unknown>> {
  const url = new URL('/control/deliver', options.url)
  const limit = AbortSignal.timeout(60_000)
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, ...(options.account && { account: options.account }) }),
      signal: options.signal ? AbortSignal.any([limit, options.signal]) : limit,
    })
  } catch (cause) {
    throw new Error(`No sandbox answers at ${options.url}. Is it running?`, { cause })
  }
  const answer = (await response.json()) as Record<string, unknown>
  if (response.ok) return answer
  const { error } = answer
  const message =
    typeof error === 'object' && error !== null && 'message' in error
      ? String(error.message)
      : response.statusText
  throw new Error(message)
}
