import './globals.css'
import { GeistMono } from 'geist/font/mono'
import { GeistSans } from 'geist/font/sans'
import type { Metadata, Viewport } from 'next'
import { headers } from 'next/headers'
import type { ReactNode } from 'react'
import { themeScript } from '@/theme/theme-script.ts'
import { UiProviders } from '@/ui/providers.tsx'

export const metadata: Metadata = {
  title: { default: 'Inlet', template: '%s · Inlet' },
  description: 'Your mail, live: every message on screen the moment it arrives, and nothing lost.',
  robots: { index: false },
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f6f6f7' },
    { media: '(prefers-color-scheme: dark)', color: '#0d0e10' },
  ],
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  // Set by src/proxy.ts; browsers hide a nonce from the page, hence no comparison while hydrating.
  const nonce = (await headers()).get('x-nonce') ?? undefined
  return (
    <html lang="en" className={`${GeistSans.variable} ${GeistMono.variable}`} suppressHydrationWarning>
      <head>
        {/* A constant of ours: the theme is set before the first paint. */}
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: themeScript }} />
      </head>
      <body>
        <UiProviders>{children}</UiProviders>
      </body>
    </html>
  )
}
