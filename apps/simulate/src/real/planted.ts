import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hash } from '../random.ts'
import type { Planted } from './life.ts'
import { type Plan, unreadable } from './plan.ts'

/** A bug planted in what one seed's person has. Nothing in the product knows of it. */
export type Bug = {
  name: string
  /** The invariant that it breaks. */
  breaks: string
  /** A trigger in Postgres on this person's rows: the table, when it fires, and what it does there. */
  trigger?: { on: string; when: string; does: string }
  browser?: Planted
  /** Their pushes are acknowledged and go nowhere. */
  deaf?: true
  /** What has to happen for anybody to notice. */
  occasion?: (plan: Plan) => Plan
}

export const bugs: readonly Bug[] = [
  {
    name: 'cursor-runs-ahead',
    breaks: 'I1',
    trigger: {
      on: 'resource',
      when: 'UPDATE',
      does: `IF NEW.lane = 'live' AND OLD.cursor IS NOT NULL AND NEW.cursor IS DISTINCT FROM OLD.cursor
             THEN NEW.cursor := (NEW.cursor::numeric + 4)::text; END IF`,
    },
  },
  {
    name: 'update-lost',
    breaks: 'I1',
    trigger: { on: 'message', when: 'UPDATE', does: 'IF random() < 0.3 THEN RETURN NULL; END IF' },
  },
  {
    name: 'seq-of-another',
    breaks: 'I2',
    trigger: { on: 'message', when: 'UPDATE', does: 'IF random() < 0.3 THEN NEW.seq := NEW.seq - 1; END IF' },
  },
  {
    name: 'tombstone-lost',
    breaks: 'I2',
    trigger: { on: 'tombstone', when: 'INSERT', does: `IF NEW.kind = 'message' THEN RETURN NULL; END IF` },
  },
  {
    name: 'deletion-ignored',
    breaks: 'I2',
    trigger: { on: 'message', when: 'DELETE', does: 'RETURN NULL' },
  },
  { name: 'pushes-swallowed', breaks: 'I3', deaf: true },
  {
    name: 'rows-not-written',
    breaks: 'I5',
    browser: { drops: (table, row) => table === 'messages' && hash(JSON.stringify(row)) % 4 === 0 },
  },
  {
    name: 'mark-lost',
    breaks: 'I6',
    trigger: {
      on: 'resource',
      when: 'UPDATE',
      does: `IF NEW.lane = 'live' AND NEW.trigger = 'push' AND NEW.marks > OLD.marks
             THEN NEW.marks := OLD.marks; NEW.dirty_at := OLD.dirty_at; END IF`,
    },
  },
  {
    name: 'run-forgotten',
    breaks: 'I8',
    trigger: {
      on: 'resource',
      when: 'UPDATE',
      does: `IF NEW.lane = 'mutations' AND NEW.marks > OLD.marks THEN NEW.dirty_at := NULL; END IF`,
    },
  },
  {
    name: 'failed-item-forgotten',
    breaks: 'I10',
    occasion: unreadable,
    trigger: { on: 'failed_item', when: 'INSERT', does: 'RETURN NULL' },
  },
  {
    name: 'count-drifts',
    breaks: 'counts',
    trigger: { on: 'label', when: 'UPDATE', does: 'IF random() < 0.3 THEN NEW.total := OLD.total; END IF' },
  },
]

/** The statements that plant a trigger on one person's rows. */
export function triggerOf({ name, trigger }: Bug, userId: string): string[] {
  if (!trigger) return []
  const id = `planted_${hash(`${name} ${userId}`) >>> 0}`
  const row = trigger.when === 'DELETE' ? 'OLD' : 'NEW'
  return [
    `CREATE FUNCTION ${id}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${trigger.does}; RETURN ${row}; END $$`,
    `CREATE TRIGGER ${id} BEFORE ${trigger.when} ON ${trigger.on} FOR EACH ROW
       WHEN (${row}.user_id = '${userId.replaceAll("'", "''")}') EXECUTE FUNCTION ${id}()`,
  ]
}

/** Stands before the webhook: what is for a mailbox of `deaf` is acknowledged, everything else is passed on. */
export async function swallowPushes(
  pushUrl: string,
  deaf: ReadonlySet<string>,
): Promise<{ url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const body = await textOf(request)
    if (deaf.has(mailboxOf(body))) return response.writeHead(204).end()
    const { authorization = '' } = request.headers
    const headers = { 'content-type': 'application/json', authorization }
    const status = await fetch(pushUrl, { method: 'POST', headers, body }).then(
      answer => answer.status,
      () => 502,
    )
    response.writeHead(status).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The mailbox that a push of Pub/Sub names; '' when it cannot be read. */
export function mailboxOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message: { data: string } }
    const { emailAddress } = JSON.parse(Buffer.from(message.data, 'base64').toString()) as {
      emailAddress: string
    }
    return emailAddress
  } catch {
    return ''
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
