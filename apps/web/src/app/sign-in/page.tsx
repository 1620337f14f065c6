import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { currentSession } from '@/server/current-session.ts'
import { SignInScreen } from '@/sign-in/sign-in-screen.tsx'

export const metadata: Metadata = { title: 'Sign in' }

export default async function SignInPage() {
  if (await currentSession(await headers())) redirect('/')
  return <SignInScreen />
}
