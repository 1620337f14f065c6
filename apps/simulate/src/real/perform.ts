import { inBrowser } from './in-browser.ts'
import { letter } from './letter.ts'
import { Refused } from './mailbox.ts'
import type { Act } from './plan.ts'
import { mailboxOf, pick, type Scene } from './scene.ts'
import { lapseLeases } from './time.ts'

/** Makes one act of the plan happen. What the network, a server that is down or the provider refuses is no news. */
export async function perform(scene: Scene, act: Act): Promise<void> {
  try {
    await doIt(scene, act)
  } catch (error) {
    if (!isOfTheWorld(error)) scene.life.report(`the simulation itself, ${act.type}: ${describeError(error)}`)
  }
}

function isOfTheWorld(error: unknown): boolean {
  if (error instanceof Refused || error instanceof SyntaxError) return true
  if (!(error instanceof Error)) return false
  return (
    error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    /fetch failed|Failed to fetch|terminated|answered \d|Connecting|DatabaseClosed|was cut|has died/i.test(
      `${error.name} ${error.message}`,
    )
  )
}

const describeError = (error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

function doIt(scene: Scene, act: Act): unknown {
  if (act.type === 'leasesLapse') return lapseLeases(scene.stack.database, [scene.life.person.userId])
  if ('browser' in act) return inBrowser(scene, act)
  switch (act.type) {
    case 'deliver':
      return deliver(scene, act)
    case 'reconnect':
    case 'stop':
    case 'start':
    case 'syncNow':
    case 'resync':
      return onAccount(scene, act)
  }
  return mailboxOf(scene.life, act).perform(act)
}

async function deliver(
  { life }: Scene,
  { r, s, count, sameThread, ...act }: Extract<Act, { type: 'deliver' }>,
): Promise<void> {
  const mailbox = mailboxOf(life, act)
  const answered = sameThread ? await mailbox.answerable(r) : null
  const news = `News ${Math.floor(r * 1e6)} of seed ${life.plan.seed}`
  const subject = answered ? `Re: ${answered.subject.replace(/^(re: ?)+/i, '')}` : news
  const from = pick(
    ['Ada <ada@example.com>', 'bob@example.com', 'Bob <BOB@example.com>', 'Cy <cy@example.com>'],
    s,
  )
  for (let n = 0; n < count; n++) {
    const said = count > 1 && !answered ? `${subject}, ${n}` : subject
    await mailbox.receive(letter(mailbox.email, said, from, answered))
  }
}

async function onAccount(
  { life, stack }: Scene,
  act: Extract<Act, { type: 'reconnect' | 'stop' | 'start' | 'syncNow' | 'resync' }>,
): Promise<unknown> {
  const { person } = life
  const mailbox = mailboxOf(life, act)
  if (act.type === 'reconnect') return mailbox.connect(person)
  const [account] = await stack.database.query<{ id: string }>(
    'SELECT id FROM account WHERE user_id = $1 AND email = $2',
    [person.userId, mailbox.email],
  )
  if (!account) return
  const post = (path: string, body?: object) =>
    person.request(path, { method: 'POST', ...(body && { body }) })
  if (act.type === 'syncNow') return post('/api/sync', { accountId: account.id })
  return post(`/api/accounts/${account.id}/${act.type === 'resync' ? 'backfill' : act.type}`)
}
