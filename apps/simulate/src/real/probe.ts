import { letter } from './letter.ts'
import type { Life } from './life.ts'
import type { Mailbox } from './mailbox.ts'
import type { Stack } from './stack.ts'
import { readStored } from './stored.ts'

/** What was sent to each address, and when the first of it was; epoch ms. */
export type Probes = { since: number; subjects: Map<string, string> }

/** A message for each mailbox, with nothing but the doorbells to bring it. */
export async function probe(lives: readonly Life[]): Promise<Probes> {
  const probes: Probes = { since: Date.now(), subjects: new Map() }
  for (const { mailboxes, found, plan } of lives) {
    if (found.length > 0) continue
    for (const mailbox of mailboxes) {
      const { email } = mailbox
      const subject = `Probe of seed ${plan.seed} for ${email}`
      probes.subjects.set(email, subject)
      await mailbox.receive(letter(email, subject))
    }
  }
  return probes
}

export async function unprobed(stack: Stack, life: Life, probes: Probes): Promise<string[]> {
  const stored = await readStored(stack.database, life.person.userId)
  const found: string[] = []
  for (const mailbox of life.mailboxes) {
    const { email } = mailbox
    const subject = probes.subjects.get(email)
    if (!subject) continue
    if (![...stored.rows.values()].some(({ row }) => row.subject === subject)) {
      found.push(`I6: "${subject}" is not stored (${await bells(stack, mailbox)})`)
      continue
    }
    if (!(await rang(stack, mailbox, probes)))
      found.push(`I6: "${subject}" is stored, and nothing rang (${await bells(stack, mailbox)})`)
    for (const browser of life.browsers)
      for (const { mirror } of browser.tabs) {
        const here = (await mirror.db.messages.toArray()).some(message => message.subject === subject)
        const { phase, cursor } = mirror.state.getSnapshot()
        if (!here)
          found.push(
            `I3: "${subject}" is stored and not in ${browser.name} (${phase}, at ${cursor} of ${stored.head})`,
          )
      }
  }
  return found
}

/** A poll may have come before the ring, since folders of a mail server are polled while somebody looks: another letter. */
export async function ringAgain(stack: Stack, lives: readonly Life[], probes: Probes): Promise<void> {
  for (const mailbox of lives.flatMap(({ mailboxes }) => mailboxes))
    if (!(await rang(stack, mailbox, probes)))
      await mailbox.receive(letter(mailbox.email, `Again for ${mailbox.email}`))
}

/** Where mail would come soon without a doorbell: has one brought some? */
async function rang({ database }: Stack, { kind, email }: Mailbox, { since }: Probes): Promise<boolean> {
  if (kind !== 'imap') return true
  const runs = await database.query(
    `SELECT 1 FROM sync_run s JOIN account a ON a.id = s.account_id
      WHERE a.email = $1 AND s.trigger = 'push' AND s.started_at >= $2 LIMIT 1`,
    [email, since],
  )
  return runs.length > 0
}

/** What is known of a mailbox's doorbell, on both sides. */
async function bells({ database }: Stack, mailbox: Mailbox): Promise<string> {
  const ours = await database.query(
    `SELECT r.key, w.*, t.worker_id, t.lease_until, r.last_push_at, r.last_synced_at, r.dirty_at, r.due_at, r.cursor, r.paused
       FROM resource r JOIN account a ON a.id = r.account_id LEFT JOIN watch w ON w.resource_id = r.id
       LEFT JOIN attendance t ON t.account_id = a.id
      WHERE a.email = $1 AND r.lane = 'live' ORDER BY r.last_synced_at DESC LIMIT 3`,
    [mailbox.email],
  )
  return `there ${JSON.stringify(await mailbox.bell())}, here ${JSON.stringify(ours)}`
}
