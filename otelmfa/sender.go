package otelmfa

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"go.opentelemetry.io/otel/trace"
)

// sender measures what is handed to a carrier.
type sender struct {
	mfa.Sender
	t *Telemetry
}

// Sender is s, measured: how many messages it took, by channel and by the calling code of
// the number's country, how long it took to take them, and why it did not. Messages of
// factors are measured by [Telemetry.Instrument]; this is for what mails notices.
func (t *Telemetry) Sender(s mfa.Sender) mfa.Sender {
	if _, is := s.(*sender); is || s == nil {
		return s
	}
	return &sender{s, t}
}

func (s *sender) Send(ctx context.Context, m mfa.Message) (string, error) {
	channel, prefix := channels.of(m.Channel), ""
	if m.Channel == mfa.ChannelSMS {
		prefix = callingCode(m.To)
	}
	where := destination(channel, prefix)
	ctx, span := s.t.begin(ctx, "mfa.message.send", trace.SpanKindClient, where...)
	begun := time.Now()
	ref, err := s.Sender.Send(ctx, m)
	took := time.Since(begun).Seconds()
	outcome := sendOutcome(err)
	s.t.m.sends.Add(ctx, 1, with(append(where, keyOutcome.String(outcome))...))
	s.t.m.send.Record(ctx, took, with(keyChannel.String(channel), keyOutcome.String(outcome)))
	end(span, outcome, err != nil)
	return ref, err
}

// sendOutcome is why a message was not taken, as the engine tells it.
func sendOutcome(err error) string {
	if failed := (*mfa.SendError)(nil); errors.As(err, &failed) {
		return failings.of(failed.Reason)
	}
	outcome, _ := outcomeOf(err)
	return outcome
}

// callingCodes are those of countries and of networks beyond them (ITU-T E.164,
// annexes to the operational bulletin), between spaces. None is the beginning of another.
const callingCodes = " 1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 " +
	"211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 247 248 249 " +
	"250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 " +
	"370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 " +
	"596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853 855 856 870 878 880 881 " +
	"882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992 993 994 995 996 998 "

// callingCode is the beginning of a number in E.164 form that says which country it is of,
// "+47". Whatever is not such a number is other; nothing stays nothing.
func callingCode(number string) string {
	if number == "" {
		return ""
	}
	digits, plus := strings.CutPrefix(number, "+")
	for n := 1; plus && n <= 3 && n <= len(digits); n++ {
		if strings.Contains(callingCodes, " "+digits[:n]+" ") {
			return "+" + digits[:n]
		}
	}
	return other
}
