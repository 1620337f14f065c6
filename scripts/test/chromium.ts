import { existsSync } from 'node:fs'

const debian = '/usr/bin/chromium'
const path = process.env.INLET_CHROMIUM ?? (existsSync(debian) ? debian : undefined)

/** How tests start Chromium: Debian's own, INLET_CHROMIUM's, or else the one that Playwright installed. */
export const chromiumLaunch = {
  ...(path ? { executablePath: path } : {}),
  // No sandbox: Chromium refuses to start as root otherwise. The others keep it from calling home.
  args: [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
}
