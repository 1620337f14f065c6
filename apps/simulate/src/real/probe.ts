import type { Google } from './google.ts'
import { letter, receive } from './letter.ts'
import type { Life } from './life.ts'
import type { Stack } from './stack.ts'
import { readStored } from './stored.ts'

/** A message for each mailbox, with nothing but the doorbells to bring it. Answers the subjects by address. */
export async function probe(google: Google, lives: readonly Life[]): Promise<Map<string, string>> {
  const subjects = new Map<string, string>()
  for (const { mailboxes, found, plan } of lives) {
    if (found.length > 0) continue
    for (const { email } of mailboxes) {
      const subject = `Probe of seed ${plan.seed} for ${email}`
      subjects.set(email, subject)
      await receive(google, email, letter(email, subject))
    }
  }
  return subjects
}

export async function unprobed(
  { stack, google }: { stack: Stack; google: Google },
  life: Life,
  subjects: Map<string, string>,
): Promise<string[]> {
  const stored = await readStored(stack.database, life.person.userId)
  const found: string[] = []
  for (const { email } of life.mailboxes) {
    const subject = subjects.get(email)
    if (!subject) continue
    if (![...stored.rows.values()].some(({ row }) => row.subject === subject)) {
      const rung = await bell(stack, google, email)
      found.push(`I6: "${subject}" is not stored (${rung})`)
      continue
    }
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

/** What is known of a mailbox's doorbell, on both sides. */
async function bell(stack: Stack, google: Google, account: string): Promise<string> {
  type State = { accounts: { email: string; watch: unknown }[]; push: object }
  const { accounts, push } = await google.control<State>('state')
  const watch = accounts.find(({ email }) => email === account)?.watch
  const [ours] = await stack.database.query(
    `SELECT w.*, r.last_push_at, r.last_synced_at, r.dirty_at, r.due_at, r.cursor, r.paused FROM watch w
       JOIN resource r ON r.id = w.resource_id JOIN account a ON a.id = r.account_id WHERE a.email = $1`,
    [account],
  )
  return `at Google ${JSON.stringify(watch)}, here ${JSON.stringify(ours)}, pushes ${JSON.stringify(push)}`
}
