'use client'

import { type FormEvent, useId, useState } from 'react'
import { Button } from '@/ui/button.tsx'
import { Field, inputClass } from '@/ui/field.tsx'
import { Logo } from '@/ui/logo.tsx'
import { authenticate } from './authenticate.ts'

export function SignInScreen() {
  const [how, setHow] = useState<'sign-in' | 'sign-up'>('sign-in')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const id = useId()
  const up = how === 'sign-up'

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '')
    const email = text('email').trim()
    const password = text('password')
    setBusy(true)
    setError(null)
    const problem = await authenticate(
      up ? { how, name: text('name').trim() || email, email, password } : { how, email, password },
    )
    if (problem === null) {
      // A whole load: nothing of a former session stays in memory.
      window.location.assign('/')
      return
    }
    setBusy(false)
    setError(problem)
  }

  return (
    <main className="flex min-h-dvh flex-col items-center bg-rail px-6 pt-[16vh] pb-12">
      <div className="w-full max-w-80">
        <Logo className="size-9" />
        <h1 className="mt-5 text-xl font-semibold tracking-tight">
          {up ? 'Create an account' : 'Sign in to Inlet'}
        </h1>
        <p className="mt-1 text-base text-muted">
          Your mail, live: on screen the moment it arrives, and nothing lost.
        </p>

        <form
          onSubmit={event => void submit(event)}
          className="mt-7 space-y-4"
          aria-describedby={`${id}-error`}
        >
          {up ? (
            <Field id={`${id}-name`} label="Name">
              <input
                id={`${id}-name`}
                name="name"
                autoComplete="name"
                required
                maxLength={200}
                className={inputClass}
              />
            </Field>
          ) : null}
          <Field id={`${id}-email`} label="Email">
            <input
              id={`${id}-email`}
              name="email"
              type="email"
              autoComplete="username"
              required
              maxLength={320}
              className={inputClass}
            />
          </Field>
          <Field id={`${id}-password`} label="Password" hint={up ? 'At least 10 characters' : undefined}>
            <input
              id={`${id}-password`}
              name="password"
              type="password"
              autoComplete={up ? 'new-password' : 'current-password'}
              required
              minLength={up ? 10 : 1}
              maxLength={128}
              className={inputClass}
            />
          </Field>
          <p id={`${id}-error`} role="alert" className="text-bad-text empty:hidden">
            {error}
          </p>
          <Button type="submit" kind="primary" size="lg" disabled={busy} className="w-full">
            {up ? (busy ? 'Creating…' : 'Create account') : busy ? 'Signing in…' : 'Sign in'}
          </Button>
        </form>

        <p className="mt-6 text-muted">
          {up ? 'You have an account?' : 'New here?'}{' '}
          <button
            type="button"
            className="font-medium text-accent underline-offset-2 hover:underline"
            onClick={() => {
              setHow(up ? 'sign-in' : 'sign-up')
              setError(null)
            }}
          >
            {up ? 'Sign in' : 'Create an account'}
          </button>
        </p>
      </div>
    </main>
  )
}
