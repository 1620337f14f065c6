import { ImapFlow, type ImapFlowOptions } from 'imapflow'
import { type FetchLine, readFetchLine } from './fetch-line.ts'

/** What comes from the server: a line, and the literals of which it tells. */
type Answer = { payload: Buffer; literals: Buffer[] }

/** What of imapflow is not in its types. */
type Inside = {
  handleResponse(answer: Answer): Promise<boolean>
  getUntaggedHandler(command: string, attributes: unknown[]): ((line: FetchLine) => unknown) | undefined
  log: { warn(entry: object): void }
}
const Flow = ImapFlow as unknown as new (options: ImapFlowOptions) => ImapFlow & Inside

/**
 * imapflow writes every answer out again for its log, whoever listens to it, which costs more than reading it. Nearly all
 * that a mailbox sends are FETCH answers, so the plain ones are read here and handed to who asked; all else goes the usual
 * way, and all goes it where imapflow no longer asks `handleResponse`.
 */
export class QuickClient extends Flow {
  override async handleResponse(answer: Answer): Promise<boolean> {
    const line = readFetchLine(answer.payload, answer.literals)
    const listener = line && this.getUntaggedHandler(line.command, line.attributes)
    if (!listener) return await super.handleResponse(answer)
    try {
      await listener(line)
    } catch (err) {
      // As imapflow says it: a session counts them.
      this.log.warn({ msg: 'Failed to process untagged response', command: 'FETCH', err })
    }
    return true
  }
}
