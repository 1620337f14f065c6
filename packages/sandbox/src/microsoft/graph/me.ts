import type { User } from '@microsoft/microsoft-graph-types'
import { json, type Reply } from '../../http/reply.ts'
import { option } from '../odata/query.ts'
import { admit, type GraphCall } from './call.ts'

/** `GET /me`: it takes User.Read, which the mail permissions do not include. */
export function getMe(call: GraphCall): Reply {
  admit(call, 'user')
  const { name, email, userId } = call.mailbox.account
  const [given = name, ...family] = name.split(' ')
  const user: User = {
    id: userId,
    displayName: name,
    givenName: given,
    surname: family.join(' '),
    mail: email,
    userPrincipalName: email,
    businessPhones: [],
    jobTitle: null,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: 'en-US',
  }
  const names = option(call.request.query, 'select')
    ?.split(',')
    .map(wanted => wanted.trim())
  const shown = names ? Object.entries(user).filter(([key]) => names.includes(key)) : Object.entries(user)
  return json({ '@odata.context': `${call.base}/$metadata#users/$entity`, ...Object.fromEntries(shown) })
}
