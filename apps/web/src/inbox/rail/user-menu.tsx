'use client'

import { ChevronsUpDown, Keyboard, LogOut, Moon, Settings, Sun } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useCommandCenter } from '@/commands/command-center.tsx'
import { useLeave } from '@/sign-in/use-leave.ts'
import { setTheme, useTheme } from '@/theme/theme.ts'
import { Avatar } from '@/ui/avatar.tsx'
import { Menu, MenuItem, MenuLine } from '@/ui/menu.tsx'

export interface RailUser {
  id: string
  name: string
  email: string
}

export function UserMenu({ user }: { user: RailUser }) {
  const router = useRouter()
  const commands = useCommandCenter()
  const leave = useLeave()
  const { dark } = useTheme()
  return (
    <div className="shrink-0 border-t border-line p-2">
      <Menu
        trigger={
          <button
            type="button"
            className="flex h-10 w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover"
          >
            <Avatar address={user} className="size-6" />
            <span className="min-w-0 flex-1 truncate">
              {user.name}
              <span className="sr-only">: menu</span>
            </span>
            <ChevronsUpDown className="size-3.5 text-faint" aria-hidden />
          </button>
        }
      >
        <p className="truncate px-2 py-1.5 text-xs text-faint">{user.email}</p>
        <MenuItem icon={Settings} onSelect={() => router.push('/settings')}>
          Settings
        </MenuItem>
        <MenuItem icon={dark ? Sun : Moon} onSelect={() => setTheme(dark ? 'light' : 'dark')}>
          {dark ? 'Light theme' : 'Dark theme'}
        </MenuItem>
        <MenuItem icon={Keyboard} onSelect={() => commands.run('app.help')}>
          Keyboard shortcuts
        </MenuItem>
        <MenuLine />
        <MenuItem icon={LogOut} onSelect={() => void leave()}>
          Sign out
        </MenuItem>
      </Menu>
    </div>
  )
}
