import { CloseCode } from 'graphql-ws'

/**
 * Why a socket is closed: graphql-transport-ws's own codes, and those of the WebSocket protocol. Clients come again
 * after `tryAgainLater`, `serviceRestart` and, with a better token, `forbidden`.
 */
export const closeCode = {
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badRequest: CloseCode.BadRequest,
  unauthorized: CloseCode.Unauthorized,
  forbidden: CloseCode.Forbidden,
  initialisationTimeout: CloseCode.ConnectionInitialisationTimeout,
  subscriberAlreadyExists: CloseCode.SubscriberAlreadyExists,
  tooManyRequests: CloseCode.TooManyInitialisationRequests,
} as const
