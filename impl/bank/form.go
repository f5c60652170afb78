package bank

import "context"

// FormSigner signs a person in at banks without Institution.OAuth: on a form that the server shows, step by step. It keeps
// nothing between two steps.
type FormSigner interface {
	// Form is the first step.
	Form(ctx context.Context, institution string) (FormStep, error)

	// Answer takes the answers to a step. The answer is the next step, the same again with what was wrong in its
	// questions, or, when Granted is not nil, the end. A person whom the bank turned away is KindDenied.
	Answer(ctx context.Context, request FormRequest) (FormStep, error)
}

// FormRequest is the answers to a step. They are secret: they are neither kept nor logged.
type FormRequest struct {
	Institution string // Institution.ID
	Subject     string // who the server takes the person to be; banks with people of their own ignore it
	Step        string // FormStep.Name
	Answers     map[string]string
}

// FormStep is what is asked at a time.
type FormStep struct {
	Name      string
	Questions []Question
	Granted   *Grant // what the sign-in resulted in
}

// QuestionType is how a question is answered.
type QuestionType string

const (
	QuestionText         QuestionType = "text"
	QuestionPassword     QuestionType = "password"
	QuestionCode         QuestionType = "code"         // a one-time code
	QuestionChoice       QuestionType = "choice"       // one of Options
	QuestionConfirmation QuestionType = "confirmation" // one of Options, after doing something elsewhere
)

// Question is one question of a step.
type Question struct {
	Name    string // what the answer is given as
	Label   string // what the person is asked
	Type    QuestionType
	Error   string // what was wrong with the last answer, for the person; "" if nothing
	Options []Option
}

// Option is an answer to choose.
type Option struct {
	Value string // what is answered
	Label string // what the person sees
}
