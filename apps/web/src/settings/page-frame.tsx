import { ArrowLeft } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { ConnectionBanner } from '@/inbox/status/connection-banner.tsx'

/** A quiet single column with the way back, to the inbox unless told otherwise. */
export function PageFrame({
  title,
  back = { href: '/', name: 'Inbox' },
  children,
}: {
  title: string
  back?: { href: string; name: string }
  children: ReactNode
}) {
  return (
    <div className="flex h-dvh flex-col bg-panel">
      <ConnectionBanner />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <main className="mx-auto max-w-3xl px-5 pt-6 pb-24">
          <Link
            href={back.href}
            className="-ml-2 inline-flex h-7 items-center gap-1.5 rounded-md px-2 text-muted hover:bg-hover hover:text-text"
          >
            <ArrowLeft className="size-4" strokeWidth={1.75} aria-hidden />
            {back.name}
          </Link>
          <h1 className="mt-4 text-xl font-semibold tracking-tight">{title}</h1>
          {children}
        </main>
      </div>
    </div>
  )
}

export function Section({
  id,
  title,
  note,
  children,
}: {
  id?: string
  title: string
  note?: string
  children: ReactNode
}) {
  return (
    <section id={id} aria-labelledby={`${id ?? title}-title`} className="mt-9 scroll-mt-6">
      <h2 id={`${id ?? title}-title`} className="text-base font-semibold">
        {title}
      </h2>
      {note ? <p className="mt-0.5 text-muted">{note}</p> : null}
      <div className="mt-3">{children}</div>
    </section>
  )
}
