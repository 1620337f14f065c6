import { escapeHtml, page } from '../../google/oauth/consent-page.ts'
import type { OutlookAccount } from '../mailbox/types.ts'
import { type AadstsCode, aadstsText } from './errors.ts'

export function signInPage(
  scopes: readonly string[],
  query: URLSearchParams,
  accounts: readonly OutlookAccount[],
): string {
  const hint = (query.get('login_hint') ?? '').toLowerCase()
  const hinted = accounts.findIndex(account => account.email === hint)
  const choices = accounts.map((account, i) => {
    const checked = i === Math.max(0, hinted) ? ' checked' : ''
    return `<label><input type="radio" name="account" value="${escapeHtml(account.email)}"${checked}>
${escapeHtml(account.name)} <small>${escapeHtml(account.email)}</small></label>`
  })
  return page(
    'Sign in to the sandbox',
    `<h1>Pick an account</h1><p><small>This is Inlet's sandbox, not Microsoft. Nobody's real mail is behind it.</small></p>
<form method="post" action="?${escapeHtml(query.toString())}">
<fieldset><legend>Accounts</legend>${choices.join('') || 'No Outlook account exists here yet.'}</fieldset>
<p>The application asks for:</p><ul>${scopes.map(scope => `<li>${escapeHtml(scope)}</li>`).join('')}</ul>
<button name="answer" value="allow">Accept</button><button name="answer" value="deny">Cancel</button></form>`,
  )
}

export function signInErrorPage(code: AadstsCode, detail = ''): string {
  return page(
    'Sign in: error',
    `<h1>Sorry, but we’re having trouble signing you in.</h1><p>${escapeHtml(aadstsText(code))} ${escapeHtml(detail)}</p>`,
  )
}
