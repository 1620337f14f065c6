import type { ImapFlow } from 'imapflow'

/** A piece of a command as imapflow's compiler takes it; an array is a parenthesised list. */
export type Token =
  | { type: 'ATOM' | 'STRING' | 'SEQUENCE'; value: string; section?: Token[]; partial?: number[] }
  | Token[]
/** An untagged answer: `* 4 FETCH (…)` has the command `4` and the attributes FETCH and a list. */
export type Untagged = { command: string; attributes: unknown[] }

type Listener = (line: Untagged) => Promise<void>
type RawClient = {
  exec(
    command: string,
    attributes: Token[],
    options: { untagged: Record<string, Listener> },
  ): Promise<{ next(): void }>
}

export const atom = (value: string): Token => ({ type: 'ATOM', value })
export const quoted = (value: string): Token => ({ type: 'STRING', value })
export const sequence = (value: string): Token => ({ type: 'SEQUENCE', value })

/**
 * Runs one command and throws when it is not answered by OK. imapflow's own methods answer `false` to NO and to a cut
 * connection alike, which would pass for "nothing found" or "done". `on` gets untagged answers by their name.
 */
export async function command(
  client: ImapFlow,
  name: string,
  attributes: Token[],
  on: Record<string, (line: Untagged) => void> = {},
): Promise<void> {
  const untagged: Record<string, Listener> = {}
  const failed: unknown[] = []
  for (const [key, listen] of Object.entries(on))
    untagged[key] = async line => {
      try {
        listen({ command: line.command, attributes: line.attributes ?? [] })
      } catch (error) {
        // imapflow would only note it in its log.
        failed.push(error)
      }
    }
  const answer = await (client as unknown as RawClient).exec(name, attributes, { untagged })
  answer.next()
  if (failed.length > 0) throw failed[0]
}

/** The text of an atom or string of an answer; '' for anything else. */
export function wordOf(token: unknown): string {
  const { value } = (token ?? {}) as { value?: unknown }
  return typeof value === 'string' ? value : ''
}
