import type { Person } from './authority.ts'
import type { Authorization } from './consent.ts'

const STYLE = `:root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}
body{max-width:420px;margin:10vh auto;padding:0 16px}fieldset{border:1px solid #8886;border-radius:8px;padding:8px 16px}
label{display:block;padding:6px 0}li{overflow-wrap:anywhere}button{font:inherit;padding:8px 20px;border-radius:6px;border:1px solid #8886;margin-right:8px;cursor:pointer}
button[value=allow]{background:#2563eb;border-color:#2563eb;color:#fff}small{opacity:.7}`

export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>${body}</body></html>`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`)
}

export function errorPage(code: string, detail: string): string {
  return page(
    'Error',
    `<h1>Access blocked</h1><p>${escapeHtml(detail)}</p><p><small>Error ${escapeHtml(code)}</small></p>`,
  )
}

export function consentPage({ scopes, query }: Authorization, accounts: readonly Person[]): string {
  const hint = (query.get('login_hint') ?? '').toLowerCase()
  const hinted = accounts.findIndex(account => account.email === hint || account.subject === hint)
  const choices = accounts.map((account, i) => {
    const checked = i === Math.max(0, hinted) ? ' checked' : ''
    return `<label><input type="radio" name="account" value="${escapeHtml(account.email)}"${checked}>
${escapeHtml(account.name)} <small>${escapeHtml(account.email)}</small></label>`
  })
  return page(
    'Sign in to the sandbox',
    `<h1>Choose an account</h1><p><small>This is Inlet's sandbox. Nobody's real mail is behind it.</small></p>
<form method="post" action="?${escapeHtml(query.toString())}">
<fieldset><legend>Accounts</legend>${choices.join('')}</fieldset>
<p>The application asks for:</p><ul>${scopes.map(scope => `<li>${escapeHtml(scope)}</li>`).join('')}</ul>
<button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button></form>`,
  )
}
