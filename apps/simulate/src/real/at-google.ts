import { FAULTS } from './google.ts'
import { letter, receive } from './letter.ts'
import { mailboxOf, type OnMailbox, pick, type Scene } from './scene.ts'

/** Google itself gets into trouble, or ends what it has granted. */
export async function atGoogle(
  { life, google }: Scene,
  act: OnMailbox<
    'break' | 'heal' | 'expireHistory' | 'expireTokens' | 'revoke' | 'endWatch' | 'removeWatch' | 'provider'
  >,
): Promise<unknown> {
  const gmail = mailboxOf(life, act)
  const account = gmail.email
  switch (act.type) {
    case 'break': {
      // One that is here already, or one that arrives and cannot be read in all three tries that follow at once.
      const one = act.s < 0.4 ? pick(await gmail.ids(), act.r)?.id : '*'
      if (!one) return
      const match = { account, path: `/gmail/v1/users/*/messages/${one}`, method: 'GET' }
      const fault = { kind: 'status', status: 500, match, ...(one === '*' && { count: 3 }) }
      life.broken.push((await google.control<{ id: string }>('faults', fault)).id)
      return one === '*' && receive(google, account, letter(account, `Hard to read ${act.r}`))
    }
    case 'heal':
      return Promise.all(life.broken.splice(0).map(id => google.endFault(id)))
    case 'expireHistory':
      return google.control('expire-history', { account })
    case 'expireTokens':
      return google.control('expire-tokens', { account })
    case 'revoke':
      return google.control('revoke', { account })
    case 'endWatch':
      return google.control('expire-watch', { account })
    case 'removeWatch':
      return google.control('remove-watch', { account })
    case 'provider': {
      const { fault, forMs, probability } = act
      const seed = Math.floor(act.r * 2 ** 31)
      await google.control('faults', { ...FAULTS[fault], match: { account }, forMs, probability, seed })
      // A rotation shows only where a token is refreshed.
      if (fault === 'rotate') await google.control('expire-tokens', { account })
    }
  }
}
