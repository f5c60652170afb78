package sandbox

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/bank"
)

// answer answers the last question of a step, and the others with something.
func answer(t *testing.T, b *Bank, institution string, step bank.FormStep, text string) (bank.FormStep, error) {
	t.Helper()
	request := bank.FormRequest{Institution: institution, Subject: "person", Step: step.Name, Answers: map[string]string{}}
	for _, question := range step.Questions {
		request.Answers[question.Name] = "something"
	}
	request.Answers[step.Questions[len(step.Questions)-1].Name] = text
	return b.Answer(t.Context(), request)
}

// The words work in the password and in every later answer (link-protocol 3.1).
func TestFormWords(t *testing.T) {
	t.Parallel()
	b := at(start)
	first, err := b.Form(t.Context(), BankNonOAuth)
	require.NoError(t, err)
	require.Equal(t, bank.QuestionPassword, first.Questions[1].Type)
	kinds := map[string]bank.QuestionType{"options": bank.QuestionChoice, "mfa": bank.QuestionCode,
		"confirm_mfa": bank.QuestionConfirmation, "security_question": bank.QuestionText}
	good := map[string]string{"options": "business", "mfa": "123456", "confirm_mfa": "confirmed", "security_question": "Rex"}
	bad := map[string]string{"options": "none", "mfa": "12345a", "confirm_mfa": "no"}
	from := []bank.FormStep{first}
	for word := range kinds {
		step, err := answer(t, b, BankNonOAuth, first, word)
		require.NoError(t, err)
		from = append(from, step)
	}
	for _, step := range from {
		for word, kind := range kinds {
			next, err := answer(t, b, BankNonOAuth, step, word)
			require.NoError(t, err)
			require.Equal(t, kind, next.Questions[0].Type)
			require.Empty(t, next.Questions[0].Error)

			done, err := answer(t, b, BankNonOAuth, next, good[word])
			require.NoError(t, err)
			require.NotNil(t, done.Granted)
			if wrong, ok := bad[word]; ok {
				again, err := answer(t, b, BankNonOAuth, next, wrong)
				require.NoError(t, err)
				require.Nil(t, again.Granted)
				require.NotEmpty(t, again.Questions[0].Error)
			}
		}
		again, err := answer(t, b, BankNonOAuth, step, "incorrect")
		require.NoError(t, err)
		require.Equal(t, step.Name, again.Name)
		require.NotEmpty(t, again.Questions[len(again.Questions)-1].Error)
		_, err = answer(t, b, BankNonOAuth, step, "error")
		require.Equal(t, bank.KindDenied, bank.KindOf(err))
	}
}

func TestFormTakesAnything(t *testing.T) {
	t.Parallel()
	b := at(start)
	for _, word := range []string{"x", "mfa", "error", "incorrect"} {
		first, err := b.Form(t.Context(), TestNonOAuth)
		require.NoError(t, err)
		done, err := answer(t, b, TestNonOAuth, first, word)
		require.NoError(t, err)
		require.Equal(t, "person", done.Granted.Subject)
	}
}

func TestFormAsksForWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := at(start)
	for _, institution := range []string{TestNonOAuth, BankNonOAuth} {
		again, err := b.Answer(t.Context(), bank.FormRequest{Institution: institution, Step: "credentials", Answers: map[string]string{"username": "x"}})
		require.NoError(t, err)
		require.Empty(t, again.Questions[0].Error)
		require.NotEmpty(t, again.Questions[1].Error)
	}
	_, err := b.Answer(t.Context(), bank.FormRequest{Institution: TestNonOAuth, Step: "none"})
	require.Equal(t, bank.KindBadRequest, bank.KindOf(err))
	_, err = b.Form(t.Context(), DownError)
	require.Equal(t, bank.KindBroken, bank.KindOf(err))
}
