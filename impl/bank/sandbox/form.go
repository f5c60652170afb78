package sandbox

import (
	"context"
	"errors"
	"slices"
	"strings"

	"fincon/impl/bank"
)

var _ bank.FormSigner = (*Bank)(nil)

// The steps of the forms. Words in the password, or in any later answer, lead from one to another at Bank (Non-OAuth)
// (link-protocol 3.1): the name of a step leads there, wordError turns the person away, wordIncorrect asks again.
const (
	stepCredentials      = "credentials"
	stepOptions          = "options"
	stepCode             = "mfa"
	stepConfirmation     = "confirm_mfa"
	stepSecurityQuestion = "security_question"

	wordError     = "error"
	wordIncorrect = "incorrect"
)

const (
	incorrect = "This is not correct. Try again."
	required  = "This is needed to sign in."
)

var steps = map[string][]bank.Question{
	stepCredentials: {
		{Name: "username", Label: "User name", Type: bank.QuestionText},
		{Name: "password", Label: "Password", Type: bank.QuestionPassword},
	},
	stepOptions: {{Name: "option", Label: "Which of your profiles do you want to sign in with?", Type: bank.QuestionChoice,
		Options: []bank.Option{{Value: "personal", Label: "Personal"}, {Value: "business", Label: "Business"}}}},
	stepCode: {{Name: "code", Label: "Enter the six digits that the bank has sent to your phone", Type: bank.QuestionCode}},
	stepConfirmation: {{Name: "confirmation", Label: "Confirm the sign-in in the bank's app on your phone",
		Type: bank.QuestionConfirmation, Options: []bank.Option{{Value: "confirmed", Label: "I have confirmed it"}}}},
	stepSecurityQuestion: {{Name: "security_answer", Label: "What was the name of your first pet?", Type: bank.QuestionText}},
}

// Form asks for a user name and a password.
func (b *Bank) Form(ctx context.Context, institution string) (bank.FormStep, error) {
	if err := b.Available(ctx, institution, b.now()); err != nil {
		return bank.FormStep{}, err
	}
	return step(stepCredentials), nil
}

// Answer signs in whoever answers; only Bank (Non-OAuth) looks at what was answered.
func (b *Bank) Answer(ctx context.Context, request bank.FormRequest) (bank.FormStep, error) {
	if err := b.Available(ctx, request.Institution, b.now()); err != nil {
		return bank.FormStep{}, err
	}
	asked, ok := steps[request.Step]
	if !ok {
		return bank.FormStep{}, badRequest("no form has the step %q", request.Step)
	}
	again, complete := step(request.Step), true
	for i, question := range asked {
		if request.Answers[question.Name] == "" {
			again.Questions[i].Error, complete = required, false
		}
	}
	if !complete {
		return again, nil
	}
	if request.Institution == BankNonOAuth {
		// The last question of a step is the one that counts: the password, or the only one.
		last := len(asked) - 1
		answer := strings.TrimSpace(request.Answers[asked[last].Name])
		next, judged := follow(answer)
		if judged != nil || next != nil {
			return orAgain(next, again, judged)
		}
		if !fits(asked[last], answer) {
			again.Questions[last].Error = incorrect
			return again, nil
		}
	}
	grant := b.Grant(request.Institution, request.Subject)
	return bank.FormStep{Granted: &grant}, nil
}

var errIncorrect = errors.New("incorrect")

// follow is where a word leads: to a step, to an end, or, errIncorrect, nowhere. Other words lead on: nil and nil.
func follow(word string) (*bank.FormStep, error) {
	word = strings.ToLower(word)
	switch _, isStep := steps[word]; {
	case word == wordError:
		return nil, &bank.Error{Kind: bank.KindDenied, Err: errors.New("the person asked for an error")}
	case word == wordIncorrect:
		return nil, errIncorrect
	case isStep && word != stepCredentials:
		next := step(word)
		return &next, nil
	}
	return nil, nil
}

func orAgain(next *bank.FormStep, again bank.FormStep, judged error) (bank.FormStep, error) {
	if errors.Is(judged, errIncorrect) {
		again.Questions[len(again.Questions)-1].Error = incorrect
		return again, nil
	}
	if judged != nil {
		return bank.FormStep{}, judged
	}
	return *next, nil
}

// fits tells whether an answer is one that the question can have.
func fits(question bank.Question, answer string) bool {
	switch question.Type {
	case bank.QuestionCode:
		return len(answer) == 6 && strings.Trim(answer, "0123456789") == ""
	case bank.QuestionChoice, bank.QuestionConfirmation:
		return slices.ContainsFunc(question.Options, func(option bank.Option) bool { return option.Value == answer })
	}
	return true
}

func step(name string) bank.FormStep {
	return bank.FormStep{Name: name, Questions: slices.Clone(steps[name])}
}
