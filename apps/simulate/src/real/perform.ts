import { atGoogle } from './at-google.ts'
import { GmailRefused } from './google.ts'
import { inBrowser } from './in-browser.ts'
import type { Act } from './plan.ts'
import { mailboxOf, type OnMailbox, type Scene } from './scene.ts'
import { onTelephone } from './telephone.ts'
import { lapseLeases } from './time.ts'

/** Makes one act of the plan happen. What the network, a server that is down or Gmail refuses is no news. */
export async function perform(scene: Scene, act: Act): Promise<void> {
  try {
    await doIt(scene, act)
  } catch (error) {
    if (!isOfTheWorld(error)) scene.life.report(`the simulation itself, ${act.type}: ${describeError(error)}`)
  }
}

function isOfTheWorld(error: unknown): boolean {
  if (error instanceof GmailRefused || error instanceof SyntaxError) return true
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
  switch (act.type) {
    case 'deliver':
    case 'read':
    case 'star':
    case 'trash':
    case 'delete':
    case 'label':
    case 'moveThread':
    case 'many':
    case 'draft':
    case 'send':
    case 'createLabel':
    case 'renameLabel':
    case 'deleteLabel':
      return onTelephone(scene, act)
    case 'break':
    case 'heal':
    case 'expireHistory':
    case 'expireTokens':
    case 'revoke':
    case 'endWatch':
    case 'removeWatch':
    case 'provider':
      return atGoogle(scene, act)
    case 'reconnect':
    case 'stop':
    case 'start':
    case 'syncNow':
    case 'resync':
      return onAccount(scene, act)
    case 'leasesLapse':
      return lapseLeases(scene.stack.database, [scene.life.person.userId])
    default:
      return inBrowser(scene, act)
  }
}

async function onAccount(
  { life, stack }: Scene,
  act: OnMailbox<'reconnect' | 'stop' | 'start' | 'syncNow' | 'resync'>,
): Promise<unknown> {
  const { person } = life
  const { email } = mailboxOf(life, act)
  if (act.type === 'reconnect') return person.connect(email)
  const [account] = await stack.database.query<{ id: string }>(
    'SELECT id FROM account WHERE user_id = $1 AND email = $2',
    [person.userId, email],
  )
  if (!account) return
  const post = (path: string, body?: object) =>
    person.request(path, { method: 'POST', ...(body && { body }) })
  if (act.type === 'syncNow') return post('/api/sync', { accountId: account.id })
  return post(`/api/accounts/${account.id}/${act.type === 'resync' ? 'backfill' : act.type}`)
}
