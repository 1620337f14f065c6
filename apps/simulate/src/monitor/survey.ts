import type { MailProvider } from '@inlet/sync/engine'
import type { Lying } from '../mailbox.ts'
import type { Watched } from './watched.ts'

/** Whoever is passed over has nothing new: what lay in the folder when the survey began, and still does, is stored so. */
export function watchSurveys(watched: Watched, inner: MailProvider): MailProvider {
  const { port } = inner
  const ask = port.survey
  if (!ask) return inner
  const lyingIn = (email: string, key: string) =>
    new Map([...(watched.mailboxes.get(email)?.lying(key) ?? [])].map(each => [nameOf(each), each]))
  return {
    ...inner,
    port: {
      ...port,
      async survey(conn, cursors, signal) {
        const before = new Map([...cursors.keys()].map(key => [key, lyingIn(conn.email, key)]))
        const held = new Map([...cursors.keys()].map(key => [key, storedIn(watched, conn.accountId, key)]))
        const looks = await ask(conn, cursors, signal)
        for (const [key, look] of looks) {
          if (look !== 'same') continue
          const [then, now] = [before.get(key) ?? new Map<string, Lying>(), lyingIn(conn.email, key)]
          const stored = storedIn(watched, conn.accountId, key)
          const wrong = [
            ...[...then].flatMap(([name, { flags, modseq }]) =>
              now.get(name)?.modseq === modseq && stored.get(name) !== flags.join(' ') ? name : [],
            ),
            // What came and went since it began is not the survey's to tell.
            ...[...stored.keys()].filter(
              name => held.get(key)?.has(name) && !then.has(name) && !now.has(name),
            ),
          ]
          if (wrong.length > 0)
            watched.violations.report(
              'I1',
              `${key} of ${conn.email} was passed over at ${cursors.get(key)}, and ${wrong[0]} is not stored as it is.`,
            )
        }
        return looks
      },
    },
  }
}

const nameOf = ({ epoch, uid, messageId }: Pick<Lying, 'epoch' | 'uid' | 'messageId'>): string =>
  `${messageId} at ${epoch}:${uid}`

function storedIn({ state }: Watched, accountId: string, key: string): Map<string, string> {
  const stored = new Map<string, string>()
  for (const place of state.places.values())
    if (place.accountId === accountId && place.resource === key && !place.gone)
      stored.set(nameOf(place), place.flags.join(' '))
  return stored
}
