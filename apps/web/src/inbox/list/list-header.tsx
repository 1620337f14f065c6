'use client'

import type { LabelView } from '@inlet/client/views'
import { CircleDot, Menu as MenuIcon, RefreshCw, Search, X } from 'lucide-react'
import { memo, type RefObject } from 'react'
import { keysOf } from '@/commands/shortcuts.ts'
import { cx } from '@/ui/cx.ts'
import { count } from '@/ui/format.ts'
import { IconButton } from '@/ui/icon-button.tsx'
import { Keys } from '@/ui/keys.tsx'
import { StreamBadge } from '../status/stream-badge.tsx'
import { useViewUnread } from '../use-view-unread.ts'
import type { View } from '../view.ts'

export const ListHeader = memo(function ListHeader({
  title,
  view,
  labels,
  unreadOnly,
  onUnreadOnly,
  onMenu,
  syncing,
  onSync,
}: {
  title: string
  view: View
  labels: readonly LabelView[]
  unreadOnly: boolean
  onUnreadOnly(on: boolean): void
  onMenu(): void
  syncing: boolean
  onSync(): void
}) {
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 pr-2 pl-5 max-lg:pl-2">
      <IconButton icon={MenuIcon} label="Mailboxes" onClick={onMenu} className="lg:hidden" />
      <h1 className="min-w-0 truncate text-base font-semibold tracking-tight">{title}</h1>
      <Unread view={view} labels={labels} />
      <span className="flex-1" />
      <StreamBadge />
      <IconButton
        icon={CircleDot}
        label={unreadOnly ? 'Show all' : 'Show only unread'}
        keys={keysOf('list.unread')}
        aria-pressed={unreadOnly}
        onClick={() => onUnreadOnly(!unreadOnly)}
        className={unreadOnly ? 'bg-selected text-accent' : ''}
      />
      <IconButton
        icon={RefreshCw}
        label="Sync now"
        keys={keysOf('app.sync')}
        data-testid="sync-now"
        aria-busy={syncing}
        disabled={syncing}
        onClick={onSync}
        iconClassName={syncing ? 'animate-spin' : ''}
      />
    </header>
  )
})

function Unread({ view, labels }: { view: View; labels: readonly LabelView[] }) {
  const { here } = useViewUnread(view, labels)
  return (
    <span className={cx('ml-1.5 shrink-0 text-xs text-faint', here === 0 && 'sr-only')}>
      <span data-testid="unread-count" title={`${count(here)} unread`}>
        {count(here)}
      </span>{' '}
      <span className="sr-only">unread</span>
    </span>
  )
}

export const SearchField = memo(function SearchField({
  value,
  onChange,
  field,
}: {
  value: string
  onChange(value: string): void
  field: RefObject<HTMLInputElement | null>
}) {
  return (
    <search className="relative mx-3 mb-2.5 block shrink-0">
      <Search className="absolute top-2 left-2.5 size-4 text-faint" strokeWidth={1.75} aria-hidden />
      <input
        ref={field}
        type="text"
        value={value}
        onChange={event => onChange(event.target.value)}
        onKeyDown={event => {
          if (event.key !== 'Escape') return
          event.preventDefault()
          onChange('')
          event.currentTarget.blur()
        }}
        maxLength={200}
        placeholder="Search mail"
        aria-label="Search mail"
        autoComplete="off"
        spellCheck={false}
        className="peer h-8 w-full rounded-md border border-transparent bg-sunken pr-8 pl-8 placeholder:text-faint hover:border-line focus:border-accent focus:bg-panel focus:outline-none"
      />
      {value ? (
        <IconButton
          tight
          icon={X}
          label="Clear the search"
          onClick={() => onChange('')}
          className="absolute top-1 right-1"
        />
      ) : (
        <span className="pointer-events-none absolute top-[7px] right-2 max-md:hidden peer-focus:hidden">
          <Keys keys={keysOf('app.search')} />
        </span>
      )}
    </search>
  )
})
