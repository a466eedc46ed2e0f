// SPDX-License-Identifier: MIT
// Each kind of event by its name, as @slack/types has it: made into a JSON schema when the SDK is installed.
import type { AllMessageEvents, SlackEvent } from '@slack/types';

export interface Events {
	event: SlackEvent;
	message: AllMessageEvents;
}
