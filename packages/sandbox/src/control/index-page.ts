import { escapeHtml, page } from '../google/oauth/consent-page.ts'
import { html, type Reply } from '../http/reply.ts'
import type { Control } from './control.ts'

const LINKS: readonly (readonly [string, string])[] = [
  ['GET /control/state', 'accounts, labels, history, watches, pushes, counters'],
  ['GET /control/requests', 'the last requests'],
  ['GET /control/faults', 'what is being made to go wrong'],
  ['GET /oauth2/v3/certs', 'the keys that sign push tokens'],
]

/** What a person who opens the sandbox in a browser sees. */
export function indexPage(control: Control): Reply {
  const accounts = [
    ...control.mailboxes(),
    ...control.microsoft.mailboxes(),
    ...control.imap.mailboxes(),
  ].map(mailbox => {
    return `<li>${escapeHtml(mailbox.email)}: ${mailbox.size.toLocaleString('en')} messages</li>`
  })
  const links = LINKS.map(([route, what]) => `<li><a href="${route.slice(4)}">${route}</a>: ${what}</li>`)
  const target = control.push
    ? `Pushes go to <code>${escapeHtml(control.push.endpoint)}</code>.`
    : 'No push endpoint: messages wait to be pulled.'
  return html(
    page(
      'Inlet sandbox',
      `<h1>Inlet sandbox</h1><p>It speaks Google's OAuth, Gmail and Pub/Sub push, Microsoft's Entra and Graph mail, and IMAP with SMTP, for development and tests. No real account is behind it, and nothing leaves this machine except pushes to the endpoint below and notifications to subscribed addresses.</p>
<h2>Accounts</h2><ul>${accounts.join('') || '<li>none yet</li>'}</ul><p>${target}</p><h2>Look inside</h2><ul>${links.join('')}</ul>
<p>A token without a browser: <code>POST /control/token {"account": "…"}</code>. Mail: <code>POST /control/deliver</code>. Faults: <code>POST /control/faults</code>. docs/sandbox.md, docs/sandbox-microsoft.md and docs/sandbox-imap.md explain each.</p>`,
    ),
  )
}
