import { buttonClass } from '@/ui/button.tsx'

export default function NotFound() {
  return (
    <main className="flex h-dvh flex-col items-center justify-center gap-1 px-6 text-center">
      <h1 className="text-base font-semibold">There is nothing at this address</h1>
      <p className="text-muted">The link may be old, or mistyped.</p>
      <a href="/" className={buttonClass({ kind: 'primary' }, 'mt-5')}>
        Go to the inbox
      </a>
    </main>
  )
}
