import type pg from 'pg'
import { type Copy, copyIn } from './copy-in.ts'
import type { Pool, Queryable } from './pool.ts'
import { preparedQuery } from './prepared-query.ts'

/** A connection inside a transaction. Its statements run in the order in which they are given. */
export type Tx = Queryable & {
  /** Without waiting for the answer, which nobody needs: a failure is thrown at the end of the transaction. */
  send(text: string, values?: unknown[]): void
  /** Rows that are new, by COPY: two thirds of an INSERT's time. Without waiting, as with `send`. */
  copy<R>(copy: Copy<R>): void
}

export type Begin = {
  /** Statements that begin the transaction. */
  begin?: string
  /**
   * The first statements are sent along with those, sparing a round trip. For work that begins by reading or locking,
   * and waits for that: where BEGIN fails, what was sent beside it ran outside of any transaction.
   */
  readsFirst?: boolean
  /** For what runs all the time: its statements are parsed and planned once for each connection. */
  prepared?: boolean
}

/** Runs `work` in one READ COMMITTED transaction. Throws what `work` or a statement throws, after a rollback. */
export async function inTransaction<T>(
  pool: Pool,
  work: (tx: Tx) => Promise<T>,
  { begin = 'BEGIN', readsFirst = false, prepared = false }: Begin = {},
): Promise<T> {
  const client = await pool.connect()
  const sent = new Sent()
  try {
    const begun = client.query(begin)
    if (readsFirst) sent.add(() => begun)
    else await begun
    const ask: Ask = (text, values) =>
      prepared && values ? client.query(preparedQuery(text, values)) : client.query(text, values)
    const result = await work(transactionOn(client, ask, sent, readsFirst ? begun : null))
    sent.add(() => client.query('COMMIT').then(committed))
    sent.closed = true
    await sent.all()
    client.release()
    return result
  } catch (error) {
    sent.closed = true
    // A connection that cannot even roll back is not handed to anybody else.
    await client.query('ROLLBACK').then(
      () => client.release(),
      (broken: Error) => client.release(broken),
    )
    throw sent.failed ? sent.failure : error
  }
}

type Ask = (text: string, values?: unknown[]) => Promise<unknown>

function transactionOn(client: pg.PoolClient, ask: Ask, sent: Sent, begun: Promise<unknown> | null): Tx {
  const query: Ask = (text, values) => {
    if (sent.closed) return Promise.reject(new Error('The transaction is over.'))
    const answer = ask(text, values)
    return begun ? Promise.all([begun, answer]).then(([, result]) => result) : answer
  }
  return {
    query: query as Tx['query'],
    send: (text, values) => sent.add(() => ask(text, values)),
    copy: rows => sent.add(() => copyIn(client, rows)),
  }
}

/** The server answers the COMMIT of a transaction in which something failed with a rollback, not with an error. */
function committed({ command }: { command: string }): void {
  if (command !== 'COMMIT') throw new Error('The transaction was rolled back: a statement in it had failed.')
}

/** Statements on their way. The first to fail says why; those after it only that the transaction is aborted. */
class Sent {
  readonly #answers: Promise<unknown>[] = []
  /** The transaction is over, and soon the connection is somebody else's: whoever still asks comes too late. */
  closed = false
  failed = false
  failure: unknown

  add(send: () => Promise<unknown>): void {
    if (this.closed) return
    const answer = send()
    this.#answers.push(answer)
    answer.catch((error: unknown) => {
      if (this.failed) return
      this.failed = true
      this.failure = error
    })
  }

  async all(): Promise<void> {
    await Promise.all(this.#answers)
  }
}
