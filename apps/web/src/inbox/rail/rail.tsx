'use client'

import { useAccounts, useLabels } from '@inlet/client/react'
import { sameValue } from '@inlet/client/store'
import type { LabelView } from '@inlet/client/views'
import { Layers, Mails, Plus, Search } from 'lucide-react'
import { useCommandCenter } from '@/commands/command-center.tsx'
import { keysOf } from '@/commands/shortcuts.ts'
import { Hint } from '@/ui/hint.tsx'
import { IconButton } from '@/ui/icon-button.tsx'
import { Logo } from '@/ui/logo.tsx'
import { Skeleton } from '@/ui/skeleton.tsx'
import { labelColor } from '../label-color.ts'
import { labelName } from '../label-name.ts'
import { oneOfEachName, sameLabels } from '../same-labels.ts'
import { folderName, folderRoles, type InboxPlace, placeHref } from '../view.ts'
import { AccountRow } from './account-row.tsx'
import { folderIcon } from './folder-icon.ts'
import { RailLink } from './rail-link.tsx'
import { type RailUser, UserMenu } from './user-menu.tsx'

const idsOf = (labels: readonly LabelView[]) => labels.map(label => label.id)
const heading = 'mt-5 mb-1 flex h-6 items-center justify-between px-2 text-xs font-medium text-faint'

/** Folders, accounts with their live status, labels. `onLeave` closes the sheet on a phone. */
export function Rail({
  user,
  place,
  go,
  onLeave,
}: {
  user: RailUser
  place: InboxPlace
  go(change: Partial<InboxPlace>): void
  onLeave?(): void
}) {
  const accounts = useAccounts(
    all => all.map(({ id, email, provider }) => ({ id, email, provider })),
    sameValue,
  )
  const { labels, loading } = useLabels(place.accountId ?? undefined)
  const commands = useCommandCenter()
  const several = accounts.length > 1

  const offered = folderRoles.filter(role => role === 'inbox' || labels.some(label => label.role === role))
  const listed = labels
    .filter(label => !label.hidden && (label.role === null || label.role === 'category'))
    .toSorted((a, b) => a.name.localeCompare(b.name))
  const own = oneOfEachName(listed)
  const here = new Set(idsOf(sameLabels(labels, place.labelId, place.accountId)))
  const folderUnread = (role: (typeof folderRoles)[number]) =>
    role !== 'inbox' && role !== 'spam' ? undefined : idsOf(labels.filter(label => label.role === role))

  const link = (change: Partial<InboxPlace>) => {
    const next = { ...place, query: '', threadId: null, ...change }
    return {
      href: placeHref(next),
      onGo: () => {
        go(next)
        onLeave?.()
      },
    }
  }

  return (
    <nav aria-label="Mailboxes" className="flex h-full flex-col bg-rail">
      <div className="flex h-12 shrink-0 items-center gap-2 pr-2 pl-4">
        <Logo />
        <span className="flex-1 text-base font-semibold tracking-tight">Inlet</span>
        <IconButton
          icon={Search}
          label="Search and commands"
          keys={keysOf('app.palette')}
          onClick={() => commands.run('app.palette')}
        />
      </div>

      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
        {loading ? (
          <RailSkeleton />
        ) : (
          <>
            {offered.map(role => {
              const Icon = folderIcon[role]
              return (
                <RailLink
                  key={role}
                  {...link({ role, labelId: null })}
                  current={!place.query && !place.labelId && place.role === role}
                  icon={<Icon className="size-4" strokeWidth={1.75} aria-hidden />}
                  name={role === 'inbox' && several && !place.accountId ? 'All inboxes' : folderName(role)}
                  unread={folderUnread(role)}
                />
              )
            })}
            <RailLink
              {...link({ role: null, labelId: null })}
              current={!place.query && !place.labelId && place.role === null}
              icon={<Mails className="size-4" strokeWidth={1.75} aria-hidden />}
              name="All mail"
            />

            <div className={heading}>
              <h2>{several ? 'Accounts' : 'Account'}</h2>
              <Hint label="Connect an account">
                <a
                  href="/connect"
                  aria-label="Connect an account"
                  className="inline-flex size-6 items-center justify-center rounded-md hover:bg-hover hover:text-text"
                >
                  <Plus className="size-4" strokeWidth={1.75} aria-hidden />
                </a>
              </Hint>
            </div>
            {several ? (
              <RailLink
                {...link({ accountId: null })}
                current={!place.accountId}
                icon={<Layers className="size-4" strokeWidth={1.75} aria-hidden />}
                name="All accounts"
              />
            ) : null}
            {accounts.map(account => (
              <AccountRow
                key={account.id}
                account={account}
                counted={several}
                current={several && place.accountId === account.id}
                {...link({ accountId: several ? account.id : null, role: 'inbox', labelId: null })}
              />
            ))}

            {own.length > 0 ? <h2 className={heading}>Labels</h2> : null}
            {own.map(label => (
              <RailLink
                key={label.id}
                {...link({ labelId: label.id, role: null })}
                current={!place.query && here.has(label.id)}
                icon={
                  <span className="flex size-4 items-center justify-center" aria-hidden>
                    <span className="size-2.5 rounded-sm" style={{ background: labelColor(label) }} />
                  </span>
                }
                name={labelName(label)}
                unread={idsOf(sameLabels(labels, label.id, place.accountId))}
              />
            ))}
          </>
        )}
      </div>
      <UserMenu user={user} />
    </nav>
  )
}

function RailSkeleton() {
  return (
    <div className="space-y-4 px-2 pt-3" aria-hidden>
      {['w-24', 'w-16', 'w-20', 'w-14', 'w-28', 'w-20'].map((width, index) => (
        <Skeleton key={`${width}${index < 3}`} className={width} />
      ))}
    </div>
  )
}
