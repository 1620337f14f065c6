import { NIL, type Token } from '../wire/tokens.ts'
import { authenticate, logIn } from './authenticate.ts'
import { CAPABILITIES } from './capability.ts'
import type { Commands } from './command.ts'

/** Everything that needs no folder and no mailbox. */
export const LOGIN: Commands = {
  CAPABILITY: {
    needs: 'nothing',
    run: (session, args) => {
      args.end()
      session.out.line(['*', 'CAPABILITY', ...CAPABILITIES])
      return 'Done'
    },
  },
  NOOP: { needs: 'nothing', run: () => 'Done' },
  LOGOUT: {
    needs: 'nothing',
    run: async (session, args, tag) => {
      args.end()
      session.out.line(['*', 'BYE', 'Until next time'])
      session.out.line([tag, 'OK', 'Logged out'])
      session.ended = true
      await session.out.end()
      return null
    },
  },
  LOGIN: {
    needs: 'nothing',
    run: (session, args) => {
      const [user, password] = [args.text(), args.text()]
      args.end()
      return logIn(session, user, () => session.imap.mailboxes.login(user, password))
    },
  },
  AUTHENTICATE: {
    needs: 'nothing',
    run: (session, args, tag) => {
      const mechanism = args.word()
      const response = args.more ? args.atom() : null
      args.end()
      return authenticate(session, mechanism, response, tag)
    },
  },
  ID: {
    needs: 'nothing',
    run: (session, args) => {
      if (!args.optionalList()) args.next()
      args.end()
      session.out.line(['*', 'ID', [Buffer.from('name'), Buffer.from('Inlet sandbox')]])
      return 'Done'
    },
  },
  ENABLE: {
    needs: 'login',
    run: (session, args) => {
      const wanted = args.rest().map(token => String(token).toUpperCase())
      const can = wanted.includes('CONDSTORE')
      if (can) session.enableCondstore()
      session.out.line(['*', 'ENABLED', ...(can ? ['CONDSTORE'] : [])])
      return 'Done'
    },
  },
  NAMESPACE: {
    needs: 'login',
    run: (session, args) => {
      args.end()
      const own: Token = [[Buffer.from(''), Buffer.from('/')]]
      session.out.line(['*', 'NAMESPACE', own, NIL, NIL])
      return 'Done'
    },
  },
  IDLE: {
    needs: 'login',
    run: (session, args, tag) => {
      args.end()
      session.idling = true
      session.dialogue = async line => {
        session.dialogue = null
        session.idling = false
        session.tell(true)
        if (session.ended) return
        if (/^done$/i.test(line)) session.out.line([tag, 'OK', 'Done idling'])
        else session.out.line([tag, 'BAD', 'DONE was expected'])
      }
      session.out.line(['+', 'idling'])
      session.tell(true)
      return null
    },
  },
}
