import { folderId } from '../mailbox/ids.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { Microsoft } from '../microsoft.ts'

/** What `GET /control/state` says about the Microsoft side. */
export function microsoftState(microsoft: Microsoft): object {
  const { notifications, subscriptions, throttle } = microsoft
  const endpoints = [...new Set(subscriptions.all().map(({ notificationUrl }) => notificationUrl))]
  return {
    accounts: microsoft.mailboxes.all().map(mailbox => accountState(microsoft, mailbox)),
    notifications: {
      waiting: notifications.waiting,
      ...notifications.statistics,
      endpoints: endpoints.map(url => ({ url, state: notifications.state(url) })),
    },
    limits: { ...throttle.options, refused: throttle.refused },
  }
}

function accountState(microsoft: Microsoft, mailbox: OutlookMailbox): object {
  const { account, folders } = mailbox
  return {
    email: account.email,
    name: account.name,
    userId: account.userId,
    messages: mailbox.size,
    change: mailbox.changes.current,
    deltas: microsoft.chains.count(account.email),
    folders: folders.all().map(folder => {
      const { total, unread } = mailbox.folderItems(folder.key)
      return {
        id: folderId(account, folder.number),
        key: folder.key,
        name: folder.name,
        messages: total,
        unread,
      }
    }),
    subscriptions: microsoft.subscriptions.of(account.email).map(subscription => ({
      id: subscription.id,
      resource: subscription.resource,
      changeType: subscription.changeTypes.join(','),
      notificationUrl: subscription.notificationUrl,
      lifecycleNotificationUrl: subscription.lifecycleUrl,
      expires: subscription.expires,
      immutableIds: subscription.immutableIds,
      pausedFrom: subscription.pausedFrom,
    })),
  }
}
